"""The stages of the workflow: read what lies on disk, call one pure function, write what it returns."""

from __future__ import annotations

import shutil
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from naturalistic import files
from naturalistic.cli.plan import Plan
from naturalistic.errors import ExtractError
from naturalistic.files import CohortPaths
from naturalistic.settings.config import AnalysisSettings
from naturalistic.settings.mapping import Mapping

if TYPE_CHECKING:
    from naturalistic.cohort.ingest import IngestResult


@dataclass(frozen=True)
class Stage:
    """One stage of one cohort."""

    plan: Plan
    cohort: str

    @property
    def paths(self) -> CohortPaths:
        """Where the artefacts lie."""
        return CohortPaths(self.plan.results, self.cohort, self.plan.area(self.cohort))

    @property
    def mapping(self) -> Mapping:
        """The cohort's mapping."""
        return self.plan.mapping(self.cohort)

    @property
    def settings(self) -> AnalysisSettings:
        """The cohort's settings."""
        return self.plan.settings(self.cohort)

    def instruments(self) -> Any:
        """Reference facts of every known instrument, the cohort's own included."""
        from naturalistic.reference.loader import load_instruments

        folder = self.plan.instrument_folder(self.cohort)
        return load_instruments([folder] if folder.is_dir() else [])

    def read(self, name: str) -> Any:
        """A table of the cohort."""
        path = self.paths.intake if name == "intake" else self.paths.table(name)
        return files.read_table(path)

    def facts(self) -> dict[str, Any]:
        """Data cut and calendar."""
        return files.read_json(self.paths.cohort_facts)


def synthesise(stage: Stage) -> None:
    """Make the extract of a synthetic cohort, and its truth beside it."""
    from naturalistic.cohort.synthetic import Spread, make_cohort, write_extract

    how = stage.mapping.synthetic
    if how is None:
        raise ExtractError(f"{stage.cohort} is not a synthetic cohort.")
    folder = stage.paths.truth
    part = folder.with_name(".part-extract")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    differ = how.between_services
    spread = Spread(**differ.model_dump()) if differ else None
    made = make_cohort(how.preset, how.seed, n=how.n, dirty=how.dirty, spread=spread)
    adapter = stage.mapping.adapter
    write_extract(made, part, adapter.data_set if adapter else None)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def ingest(stage: Stage) -> None:
    """Read the extract into the canonical tables."""
    from naturalistic.cli.analysis_plan import freeze_once
    from naturalistic.cli.drift import note_drift
    from naturalistic.cohort.places import in_own_order
    from naturalistic.tables.cohort import COHORT_TABLES
    from naturalistic.tables.derived import INTAKE

    freeze_once(stage.plan, stage.cohort)
    paths, result = stage.paths, _read_extract(stage)
    tables = in_own_order(result.tables)
    for name, table in COHORT_TABLES.items():
        files.write_table(paths.table(name), tables[name], table)
    files.write_table(paths.intake, INTAKE.conform(result.flow), INTAKE)
    files.write_csv(paths.validation, result.problems)
    facts = {"data_cut": result.data_cut.isoformat(), "calendar": stage.mapping.calendar}
    files.write_json(paths.cohort_facts, facts)
    files.write_json(paths.provenance, {**facts, "files": result.files})
    note_drift(stage, result.profile)


def _read_extract(stage: Stage) -> IngestResult:
    """The extract, or an error that says where every problem is listed."""
    from naturalistic.cohort.ingest import ingest as read
    from naturalistic.cohort.pseudonyms import project_key

    stopped = stage.paths.restricted / "validation_stopped.csv"
    stopped.unlink(missing_ok=True)
    key = project_key(stage.plan.project / "private" / stage.cohort)
    try:
        return read(
            stage.mapping,
            project=stage.plan.project,
            key=key,
            mapping_name=stage.plan.mapping_file(stage.cohort).as_posix(),
            instruments=stage.instruments(),
        )
    except ExtractError as error:
        if (table := getattr(error, "table", None)) is None:
            raise
        files.write_csv(stopped, table)
        raise ExtractError(
            [*error.problems, f"Every problem is listed in {stopped.as_posix()}."]
        ) from error


def score(stage: Stage) -> None:
    """Score every form."""
    from naturalistic.cohort.scoring import score_questionnaires
    from naturalistic.tables.derived import SCORES

    scores = score_questionnaires(stage.read("questionnaires"), stage.instruments())
    files.write_table(stage.paths.table("scores"), scores, SCORES)


def episodes(stage: Stage) -> None:
    """Derive one row a course of therapy."""
    from naturalistic.cohort.episodes import derive_episodes
    from naturalistic.tables.derived import EPISODES

    facts = stage.facts()
    frame = derive_episodes(
        stage.read("patients"),
        stage.read("referrals"),
        stage.read("sessions"),
        date.fromisoformat(facts["data_cut"]),
        stage.settings,
        calendar=facts["calendar"],
    )
    files.write_table(stage.paths.table("episodes"), frame, EPISODES)


def outcomes(stage: Stage) -> None:
    """Derive first and last scores of each episode and scale."""
    from naturalistic.cohort.outcomes import derive_outcomes
    from naturalistic.tables.derived import OUTCOMES

    frame = derive_outcomes(
        stage.read("scores"),
        stage.read("episodes"),
        stage.instruments(),
        stage.settings,
        stage.read("patients"),
    )
    files.write_table(stage.paths.table("outcomes"), frame, OUTCOMES)


def analyse(stage: Stage, analysis: str) -> None:
    """Run one analysis."""
    from naturalistic.analyses.interface import AnalysisInput
    from naturalistic.analyses.registry import REGISTRY
    from naturalistic.tables.estimates import COVARIANCES, ESTIMATES

    entry = REGISTRY[analysis]
    seed = [stage.settings.seed, zlib.crc32(analysis.encode())]
    result = entry.load()(
        AnalysisInput(
            cohort=stage.cohort,
            tables={name: stage.read(name) for name in entry.tables},
            settings=stage.settings,
            instruments=stage.instruments() if "instruments" in entry.reference else {},
            calendar=stage.facts()["calendar"],
            rng=np.random.default_rng(seed),
        )
    )
    files.write_table(stage.paths.estimates(analysis), result.estimates, ESTIMATES)
    files.write_table(stage.paths.covariances(analysis), result.covariances, COVARIANCES)


def disclose(stage: Stage, analyses: tuple[str, ...] | None = None) -> None:
    """Protect the estimates of all analyses together, and log what was withheld."""
    from naturalistic.cli import releases
    from naturalistic.release.bundle_covariances import released_covariances
    from naturalistic.release.checker_log import disclosure_log
    from naturalistic.release.disclosure import protect_cohort
    from naturalistic.release.profiles import load_profile
    from naturalistic.release.words import check_file_name

    paths, profile = stage.paths, stage.plan.profile(stage.cohort)
    names = analyses or stage.plan.analyses
    if analyses is None:
        _remove_what_is_left_out(paths, names)
    exact = {name: files.read_table(paths.estimates(name)) for name in names}
    lead, earlier = stage.settings.primary, releases.earlier_releases(stage)
    protected = protect_cohort(
        exact, profile, primary=(lead.instrument, lead.scale), earlier=earlier
    )
    for name in map(check_file_name, names):
        files.write_csv(paths.released_estimates(name), protected.estimates[name])
        files.write_csv(paths.disclosure_log(name), protected.told[name])
    covariances = {name: files.read_table(paths.covariances(name)) for name in names}
    base = load_profile(profile).rounding_base
    files.write_csv(
        paths.release / "covariances.csv",
        released_covariances(covariances, protected.estimates, base),
    )
    files.write_csv(paths.release / "coarser_counts.csv", protected.coarser)
    files.write_csv(paths.restricted / "disclosure_detail.csv", protected.log)
    found = releases.compare_releases(stage, exact, protected, earlier)
    text = disclosure_log(
        protected,
        load_profile(profile),
        cohort=stage.cohort,
        differences=found,
        earlier=len(earlier),
    )
    files.write_text(paths.release / "disclosure_log.txt", text)


def _remove_what_is_left_out(paths: CohortPaths, names: tuple[str, ...]) -> None:
    """Tables of an earlier run that the settings now leave out: they were protected together with others."""
    for folder in (paths.released_estimates("").parent, paths.disclosure_log("").parent):
        for old in folder.glob("*.csv"):
            if old.stem not in names:
                old.unlink()


def evidence(stage: Stage) -> None:
    """Gather what was released into one bundle and one record of the run."""
    from naturalistic.cli.analysis_plan import read_plan
    from naturalistic.release.evidence import make_bundle, run_record
    from naturalistic.release.words import check_record
    from naturalistic.settings.analysis_plan import plan_record

    released = read_released(stage)
    mapping, paths = stage.mapping, stage.paths
    record = run_record(
        cohort=stage.cohort,
        title=mapping.title,
        service=mapping.service,
        contact=mapping.contact,
        synthetic=mapping.synthetic is not None,
        published=mapping.published,
        profile=stage.plan.profile(stage.cohort),
        settings=stage.settings.model_dump(mode="json") | stage.plan.left_out(),
        provenance=files.read_json(paths.provenance),
    )
    said = {name: str(record[name] or "") for name in ("title", "service", "contact", "cohort")}
    check_record(said | {"file": " ".join(record["provenance"].get("files", {}))})
    planned = plan_record(read_plan(stage.plan, stage.cohort), stage.settings)
    files.write_json(paths.release / "run.json", {**record, "analysis_plan": planned})
    bundle = make_bundle(
        record,
        released,
        instruments=stage.instruments(),
        covariances=files.read_plain_csv(paths.release / "covariances.csv"),
    )
    files.write_json(paths.release / "evidence.json", bundle)


def report(stage: Stage) -> None:
    """Write the report from what was released."""
    from naturalistic.report.document import write_report

    mapping = stage.mapping
    published = stage.plan.config_file.parent / "published" / f"{mapping.published}.yaml"
    write_report(
        stage.paths.release,
        estimates=read_released(stage),
        disclosure=read_released(stage, "disclosure"),
        record=files.read_json(stage.paths.release / "run.json"),
        published=published if mapping.published else None,
        instruments=stage.instruments(),
    )


def read_released(stage: Stage, folder: str = "estimates") -> dict[str, Any]:
    """Released tables by analysis, typed as the contract says."""
    read = files.read_released_estimates if folder == "estimates" else files.read_plain_csv
    root: Path = stage.paths.release / folder
    return {name: read(root / f"{name}.csv") for name in stage.plan.analyses}
