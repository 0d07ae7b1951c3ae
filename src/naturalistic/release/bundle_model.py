"""What an evidence bundle may hold, closed and bounded: the JSON Schema in `docs/evidence.schema.json` is made from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "naturalistic-evidence"
SCHEMA_VERSION = 2
LARGEST = 1e9  # no estimate, error or count of a service is larger
MOST_ROWS = 200_000

Text = Annotated[str, Field(max_length=4000)]
Key = Annotated[str, Field(max_length=300)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,79}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=int(LARGEST), strict=True)]


class Part(BaseModel):
    """Unknown keys are refused: a bundle holds what is listed here and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Software(Part):
    """What made the bundle."""

    name: Literal["naturalistic"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]


class Rules(BaseModel):
    """The disclosure profile it was made under."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Key
    label: Text
    threshold: Annotated[int, Field(ge=-1, le=1000)]
    rounding_base: Annotated[int, Field(ge=1, le=1000)]
    withhold_zero: bool
    may_leave: Literal[True]


class Period(Part):
    """When the people were referred and the data end."""

    data_cut: Annotated[str, Field(max_length=40)] = ""
    calendar: Annotated[str, Field(max_length=20)] = ""
    first_year: Annotated[str, Field(pattern=r"^([0-9]{4})?$")] = ""
    last_year: Annotated[str, Field(pattern=r"^([0-9]{4})?$")] = ""


class Definition(Part):
    """One choice that a figure depends on: what it is, in JSON, and its digest."""

    value: Any
    digest: Digest


class Precision(Part):
    """How exactly figures are given."""

    significant_digits: Annotated[int, Field(ge=2, le=17)]
    rounding_base: Annotated[int, Field(ge=1, le=1000)]


class Row(Part):
    """A poolable estimate: `estimate` and limits as quoted, `value` and `std_error` on `analysis_scale`."""

    analysis: Key
    estimand: Key
    definition: Key = ""
    instrument: Key = ""
    scale: Key = ""
    population: Key = ""
    model: Key = ""
    specification: Key = ""
    term: Key = ""
    contrast: Key = ""
    dimensions: Key = ""
    time: Number | None = None
    time_unit: Key = ""
    analysis_scale: Literal["identity", "log", "logit", "fisher_z"]
    value: Number
    std_error: Error | None = None
    estimate: Number
    conf_low: Number | None = None
    conf_high: Number | None = None
    conf_level: Share | None = None
    df: Number | None = None
    n_patients: Count | None = None
    n_episodes: Count | None = None
    n_therapists: Count | None = None
    n_events: Count | None = None
    numerator: Count | None = None
    denominator: Count | None = None
    n_missing: Count | None = None
    method: Text = ""
    note: Text = ""


class Covariance(Part):
    """Covariance of two coefficients of one model, on the analysis scale."""

    analysis: Key
    model: Key
    specification: Key = ""
    term_a: Key
    term_b: Key
    value: Number


class Band(Part):
    """One way of ending inside a band of a clock.

    `at_risk` counts those who have not ended this way when the band begins (the subdistribution risk set), as many as
    would give the released curve its own precision.
    """

    definition: Key
    clock: Key
    ending: Key
    after: Number
    until: Number
    at_risk: Count
    events: Count


class CountRow(Part):
    """A number of people."""

    what: Key
    population: Key = ""
    people: Count


class Quality(Part):
    """A share that says how complete the records are."""

    what: Key
    population: Key = ""
    share: Share
    denominator: Count | None = None


class Bundle(Part):
    """The evidence of one cohort that may leave."""

    format: Literal["naturalistic-evidence"]
    schema_version: Literal[2]
    software: Software
    cohort: Slug
    title: Text
    service: Text = ""
    contact: Text = ""
    synthetic: bool
    published: Key | None = None
    disclosure: Rules
    settings: dict[str, Any]
    settings_digest: Digest
    provenance: dict[str, Any]
    period: Period
    definitions: dict[Key, Definition]
    precision: Precision
    counts: Annotated[list[CountRow], Field(max_length=1000)]
    quality: Annotated[list[Quality], Field(max_length=1000)]
    estimates: Annotated[list[Row], Field(min_length=1, max_length=MOST_ROWS)]
    covariances: Annotated[list[Covariance], Field(max_length=MOST_ROWS)]
    endings: Annotated[list[Band], Field(max_length=MOST_ROWS)]
    digest: Digest


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of a bundle."""
    made = Bundle.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"naturalistic evidence bundle, schema version {SCHEMA_VERSION}",
        **{key: value for key, value in made.items() if key != "title"},
    }
