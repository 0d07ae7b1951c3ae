"""Errors a user can mend, one exit code per kind."""

from __future__ import annotations

from collections.abc import Iterable

EXIT_OK = 0
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class UserError(Exception):
    """Something the user can put right.

    Parameters
    ----------
    problems : str or iterable of str
        Every problem found, one sentence each: where, how many, what to do. Never a patient's value.
    """

    exit_code = 2
    heading = "naturalistic cannot go on:"

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ConfigError(UserError):
    """The command line, `config/config.yaml` or a file it names is not usable."""

    exit_code = 2
    heading = "The settings need mending:"


class MappingError(UserError):
    """The mapping of a cohort is not usable."""

    exit_code = 3
    heading = "The mapping needs mending:"


class ExtractError(UserError):
    """The extract cannot be read, or breaks a rule that stops the run."""

    exit_code = 4
    heading = "The extract needs mending:"


class IdentifiableDataError(UserError):
    """A mapped column holds what could identify a person."""

    exit_code = 5
    heading = "Nothing was written, because these columns could identify people:"


class DisclosureError(UserError):
    """What was asked for cannot be released."""

    exit_code = 6
    heading = "This cannot be released:"


class BundleError(UserError):
    """An evidence bundle is damaged, foreign or not comparable."""

    exit_code = 7
    heading = "The bundle was refused:"


class CohortsFailedError(UserError):
    """Some cohorts of a run failed while others finished."""

    exit_code = 8
    heading = "Some cohorts could not be finished:"
