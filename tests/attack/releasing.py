"""A whole release of a simulated cohort in a folder: tables, log, covariances, bundle, pages, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from naturalistic import files
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.release.bundle_covariances import released_covariances
from naturalistic.release.checker_log import disclosure_log
from naturalistic.release.disclosure import Protected
from naturalistic.release.evidence import make_bundle, run_record
from naturalistic.release.profiles import load_profile
from naturalistic.report.blocks import Figure
from naturalistic.report.brief import make_brief
from naturalistic.report.document import make_sections, render, render_brief
from naturalistic.report.front import front_matter
from naturalistic.report.narrative import summary_text
from naturalistic.report.released import Released
from naturalistic.report.workbook import make_workbook
from naturalistic.settings.config import AnalysisSettings
from tests.unit.report import simulated


@dataclass(frozen=True)
class Exact:
    """What the analyses of a cohort came to, at full precision.

    Attributes
    ----------
    estimates, covariances : mapping of str to DataFrame
        By analysis.
    settings : AnalysisSettings
        Choices of the run.
    """

    estimates: Mapping[str, pd.DataFrame]
    covariances: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)


def write_release(
    folder: Path, exact: Exact, protected: Protected, profile: str, *, pages: bool
) -> None:
    """The release folder of a cohort, with the full report and its figures where `pages`."""
    for name, frame in protected.estimates.items():
        files.write_csv(folder / "estimates" / f"{name}.csv", frame)
        files.write_csv(folder / "disclosure" / f"{name}.csv", protected.told[name])
    files.write_csv(folder / "coarser_counts.csv", protected.coarser)
    rules = load_profile(profile)
    log = disclosure_log(protected, rules, cohort="simulated", differences=0, earlier=0)
    files.write_text(folder / "disclosure_log.txt", log)
    record = run_record(
        cohort="simulated",
        title="Specialist psychotherapy service, Northshire",
        service="Northshire NHS Foundation Trust",
        contact="evaluation team",
        synthetic=True,
        published=None,
        profile=profile,
        settings=exact.settings.model_dump(mode="json"),
        provenance={"data_cut": simulated.CUT.isoformat(), "calendar": "real", "files": {}},
    )
    files.write_json(folder / "run.json", record)
    covariances = released_covariances(exact.covariances, protected.estimates, rules.rounding_base)
    files.write_csv(folder / "covariances.csv", covariances)
    instruments = load_instruments()
    bundle = make_bundle(
        record, protected.estimates, instruments=instruments, covariances=covariances
    )
    files.write_json(folder / "evidence.json", bundle)
    empty = next(iter(protected.estimates.values())).iloc[:0]
    estimates = {name: protected.estimates.get(name, empty) for name in REGISTRY}
    told = {name: protected.told.get(name, protected.log.iloc[:0]) for name in REGISTRY}
    released = Released(estimates, told, files.read_json(folder / "run.json"), instruments)
    _pages(folder, released, full=pages)


def _pages(folder: Path, released: Released, *, full: bool) -> None:
    brief = make_brief(released, None)
    files.write_text(folder / "summary.txt", summary_text(released))
    files.write_text(folder / "brief.html", render_brief(released, brief))
    if not full:
        return
    sections = make_sections(released, None)
    files.write_text(folder / "report.html", render(released, sections, brief))
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                files.write_text(folder / "figures" / f"{block.name}.svg", block.svg)
    workbook = make_workbook(front_matter(released), [*brief, *sections])
    (folder / "tables.xlsx").write_bytes(workbook)
