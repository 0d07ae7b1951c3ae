"""What stands before the sections of a document, the same in every output format."""

from __future__ import annotations

from dataclasses import dataclass, replace

from naturalistic.report.narrative import Answer, answer
from naturalistic.report.released import Released
from naturalistic.report.wording import long_date

LANGUAGE = "en-GB"
SYNTHETIC = (
    "SYNTHETIC.",
    "These people were made by a computer program to show and test the method. Nothing here happened to anyone.",
)
NOT_FOR_RELEASE = (
    "NOT FOR RELEASE.",
    "No disclosure control was applied: this report stays in the organisation.",
)


@dataclass(frozen=True)
class Front:
    """The first page.

    Attributes
    ----------
    title : str
        Heading of the page.
    document_title : str
        Title of the file: what a window or a tab shows.
    kicker : str
        Line above the heading.
    banners : tuple of (str, str)
        Warnings that no reader may miss: the words in capitals and what they mean.
    facts : tuple of (str, str)
        Term and description: whose data, until when, how people are protected.
    answer : Answer
        Headline numbers and the main figures in sentences.
    footer : str
        What the document was made from.
    """

    title: str
    document_title: str
    kicker: str
    banners: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    answer: Answer
    footer: str


def front_matter(released: Released) -> Front:
    """The first page of the full report."""
    record = released.record
    marks = [SYNTHETIC] if record["synthetic"] else []
    marks += [] if record["disclosure"]["may_leave"] else [NOT_FOR_RELEASE]
    version = record["software"]["version"]
    suffix = " (SYNTHETIC)" if record["synthetic"] else ""
    return Front(
        title=record["title"],
        document_title=f"{record['title']}: outcomes report{suffix}",
        kicker="Evidence from routine records of psychological therapy",
        banners=tuple(marks),
        facts=tuple((term, text) for term, text in _facts(released) if text),
        answer=answer(released),
        footer=(
            f"Made with naturalistic {version} from released tables only. "
            f"Settings digest {record['settings_digest'][:12]}."
        ),
    )


def brief_front(released: Released) -> Front:
    """The first page of the decision brief."""
    front = front_matter(released)
    suffix = " (SYNTHETIC)" if released.synthetic else ""
    return replace(
        front,
        document_title=f"{front.title}: decision brief{suffix}",
        kicker="Decision brief: evidence from routine records of psychological therapy",
    )


def _facts(released: Released) -> tuple[tuple[str, str], ...]:
    record = released.record
    undated = record["provenance"]["calendar"] == "relative"
    until = (
        "not dated (days counted from referral)"
        if undated
        else long_date(record["provenance"]["data_cut"])
    )
    return (
        ("Service", record["service"]),
        ("Referrals", referral_years(released)),
        ("Data until", until),
        ("Questions to", record["contact"] or "not stated in the mapping"),
        (
            "Made with",
            f"naturalistic {record['software']['version']}, cohort {record['cohort']}",
        ),
        ("Protection of people", record["disclosure"]["label"]),
    )


def referral_years(released: Released) -> str:
    """First and last year of referral of those with both forms, where any is released."""
    found = {level for level, _ in released.levels("outcome_change", "year")}
    years = sorted(year for year in found if year.isdigit())
    return f"{years[0]} to {years[-1]}" if len(years) > 1 else "".join(years)
