"""Thresholds of Jacobson and Truax (1991): the reliable change and the cut-offs a, b and c."""

from __future__ import annotations

import math

from naturalistic.stats.paired_scores import BetterIs, check_direction


def _check_sd_and_reliability(sd: float, reliability: float) -> None:
    if not sd >= 0.0:
        raise ValueError(f"sd must not be negative, not {sd}")
    if not 0.0 <= reliability <= 1.0:
        raise ValueError(f"reliability must lie between 0 and 1, not {reliability}")


def standard_error_of_measurement(sd: float, reliability: float) -> float:
    r"""Standard error of one score, :math:`s\sqrt{1 - r_{xx}}` (Jacobson & Truax 1991, p. 14).

    Parameters
    ----------
    sd : float
        SD of first scores, of the sample or a reference.
    reliability : float
        Reliability of the scale, within [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    _check_sd_and_reliability(sd, reliability)
    return sd * math.sqrt(1.0 - reliability)


def standard_error_of_difference(sd: float, reliability: float) -> float:
    r"""Standard error of a difference of two scores, :math:`\sqrt{2}\,s\sqrt{1 - r_{xx}}`.

    Christensen & Mendoza (1986); Jacobson & Truax (1991), eq. for S_diff.

    Parameters
    ----------
    sd, reliability : float
        As in `standard_error_of_measurement`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    return math.sqrt(2.0) * standard_error_of_measurement(sd, reliability)


def reliable_change_value(sd: float, reliability: float, *, critical_z: float = 1.96) -> float:
    r"""Smallest change that measurement error alone makes in only 5 % of unchanged patients.

    .. math:: RCI = z\,\sqrt{2}\,s\,\sqrt{1 - r_{xx}}

    Jacobson & Truax (1991). Their rounded 1.96 is the default; 1.645 gives the 90 % value some
    instruments publish (CORE-10's 6).

    Parameters
    ----------
    sd, reliability : float
        As in `standard_error_of_measurement`.
    critical_z : float
        Normal quantile.

    Returns
    -------
    float
        In the unit of the scale.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    if not critical_z > 0.0:
        raise ValueError("critical_z must be positive")
    return critical_z * standard_error_of_difference(sd, reliability)


def cutoff_a(mean_clinical: float, sd_clinical: float, *, better_is: BetterIs) -> float:
    """Cut-off a: two SDs of the clinical group from its mean, towards health.

    Jacobson & Truax (1991), p. 13.

    Parameters
    ----------
    mean_clinical, sd_clinical : float
        Of the group in need of therapy.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    """
    check_direction(better_is)
    return mean_clinical + (-2.0 if better_is == "lower" else 2.0) * sd_clinical


def cutoff_b(mean_functional: float, sd_functional: float, *, better_is: BetterIs) -> float:
    """Cut-off b: two SDs **of the functional group** from its mean, towards illness.

    Jacobson & Truax (1991), p. 13.

    Parameters
    ----------
    mean_functional, sd_functional : float
        Of the group that functions well.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    """
    check_direction(better_is)
    return mean_functional + (2.0 if better_is == "lower" else -2.0) * sd_functional


def cutoff_c(
    mean_clinical: float, sd_clinical: float, mean_functional: float, sd_functional: float
) -> float:
    """Cut-off c: the point as many SDs from the clinical as from the functional mean.

    ``(s_clin m_func + s_func m_clin) / (s_clin + s_func)``, Jacobson & Truax (1991), p. 13.

    Parameters
    ----------
    mean_clinical, sd_clinical, mean_functional, sd_functional : float
        Of the group in need of therapy and of the group that functions well.

    Raises
    ------
    ValueError
        If an SD is negative or both are 0.
    """
    if sd_clinical < 0.0 or sd_functional < 0.0 or sd_clinical + sd_functional == 0.0:
        raise ValueError("SDs must not be negative, and not both 0")
    return (sd_clinical * mean_functional + sd_functional * mean_clinical) / (
        sd_clinical + sd_functional
    )
