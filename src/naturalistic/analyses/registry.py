"""The list of analyses: what each reads and which settings it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult


@dataclass(frozen=True, slots=True)
class Analysis:
    """One registered analysis.

    Attributes
    ----------
    name : str
        Name in file names and in the `analysis` column; the module of that name holds `analyse`.
    question : str
        The question it answers, in plain words.
    tables : tuple of str
        Tables it reads.
    settings : tuple of str
        Fields of `AnalysisSettings` it depends on.
    """

    name: str
    question: str
    tables: tuple[str, ...]
    settings: tuple[str, ...]

    @property
    def module(self) -> str:
        """Module that holds the function `analyse`."""
        return f"naturalistic.analyses.{self.name}"

    def load(self) -> Callable[[AnalysisInput], AnalysisResult]:
        """The analysis itself."""
        return import_module(self.module).analyse


_ANALYSES: tuple[Analysis, ...] = ()
REGISTRY = {analysis.name: analysis for analysis in _ANALYSES}
