"""National metrics: what each counts, in our own words, and what our data cannot tell of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced


class NationalMetric(Sourced):
    """One metric.

    Attributes
    ----------
    key : str
        `term` of its rows in the estimates.
    label : str
        What is counted, with its denominator.
    definition : str
        The national rule in our own words.
    published_code : str
        Code of the published measure; empty where none was read.
    standard : str
        National standard or target with its own status, or that none was set; empty where none is known.
    differs : str
        In what the figure of this report is not the national one.
    """

    key: Key
    label: str
    definition: str
    published_code: str = ""
    standard: str = ""
    differs: str = ""


class MetricGroup(Sourced):
    """Metrics of one national programme, in the order in which they are shown."""

    key: Key
    order: int
    title: str
    about: str
    tools: tuple[Key, ...] = ()
    kind: Literal["metrics", "rights"] = "metrics"
    metrics: Annotated[tuple[NationalMetric, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [metric.key for metric in self.metrics]
        if len(set(keys)) != len(keys):
            raise ValueError("a metric is listed twice")
        return self


class ChartRule(Sourced):
    """A rule of charts over time."""

    key: Key
    text: str


class ChartRules(Frozen):
    """How the NHS marks special-cause variation."""

    title: str
    rules: Annotated[tuple[ChartRule, ...], Field(min_length=1)]
