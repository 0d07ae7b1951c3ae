"""What a linear mixed model fit returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.checks import ModelInput
from naturalistic.stats.lmm.curvature import Curvature
from naturalistic.stats.lmm.inference import VarianceComponent
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood


@dataclass(frozen=True, slots=True)
class FittedState:
    """What the follow-up analyses (predictions, profiles, bootstrap, deletion) start from."""

    likelihood: LinearMixedLikelihood
    evaluation: Evaluation
    curvature: Curvature
    model: ModelInput


@dataclass(frozen=True, eq=False)
class LinearMixedModelFit:
    """A fitted linear mixed model.

    Attributes
    ----------
    status : str
        ``ok`` or ``not_estimable``; then every number is NaN and `notes` says why.
    notes : tuple of str
        Everything a reader must know: columns left out, variances at zero, no convergence.
    formula : str
        The model actually fitted, in R's notation.
    terms : tuple of str
        Names of the p fixed effects.
    aliased : tuple of str
        Columns left out because earlier columns determine them.
    coefficients, std_errors, df, statistic, p_values, conf_low, conf_high : ndarray, shape (p,)
        Fixed effects with model-based standard errors, Satterthwaite degrees of freedom, t tests of
        zero and t intervals.
    covariance : ndarray, shape (p, p)
        Of the fixed effects.
    conf_level : float
    components : tuple of VarianceComponent
        Variances and covariances of the random part.
    sigma : float
        Residual standard deviation (of the first occasion in a two-occasion model, there the
        square root of variance minus covariance; NaN if the covariance exceeds the variance).
    loglik : float
        Restricted (`reml`) or full log-likelihood.
    reml : bool
    n_parameters : int
        Fixed effects plus variance parameters.
    aic, bic : float
        As lme4 defines them: ``-2 loglik + 2 k`` and ``-2 loglik + k log(n_rows)``.
    n_rows, n_patients, n_therapists, n_services : int
        Counts; 0 for a level that is not in the model.
    converged, singular : bool
        `singular`: some variance is zero or some correlation is plus or minus one.
    state : FittedState or None
        For the follow-up functions; None when not estimable.
    """

    status: str
    notes: tuple[str, ...]
    formula: str
    terms: tuple[str, ...]
    aliased: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    covariance: FloatArray
    df: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    components: tuple[VarianceComponent, ...]
    sigma: float
    loglik: float
    reml: bool
    n_parameters: int
    aic: float
    bic: float
    n_rows: int
    n_patients: int
    n_therapists: int
    n_services: int
    converged: bool
    singular: bool
    state: FittedState | None = field(default=None, repr=False)

    def component(self, key: str) -> VarianceComponent:
        """The component called ``group.name``, for instance ``therapist.intercept``.

        Raises
        ------
        ValueError
            When the model has no such component.
        """
        for component in self.components:
            if component.key == key:
                return component
        known = ", ".join(component.key for component in self.components)
        raise ValueError(f"no variance component {key!r}; the model has {known or 'none'}")

    def fitted(self) -> FittedState:
        """What the follow-up functions work on.

        Raises
        ------
        ValueError
            When the model could not be estimated.
        """
        if self.state is None:
            raise ValueError(f"the model was not fitted: {self.notes[0]}")
        return self.state
