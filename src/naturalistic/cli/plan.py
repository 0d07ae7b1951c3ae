"""What the workflow needs to know before anything runs: cohorts, input files, settings and code digests."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from naturalistic.analyses.registry import REGISTRY
from naturalistic.digests import ROOT, code_digest, files_digest
from naturalistic.errors import ConfigError, MappingError, UserError
from naturalistic.settings.config import AnalysisSettings, Config
from naturalistic.settings.load import (
    cohort_disclosure,
    cohort_settings,
    load_config,
    load_mapping,
)
from naturalistic.settings.mapping import Mapping

STAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # stage: (modules it starts from, reference or template files and folders it reads)
    "synthesise": (("naturalistic.cohort.synthetic",), ()),
    "ingest": (
        (
            "naturalistic.cohort.ingest",
            "naturalistic.cohort.places",
            "naturalistic.cohort.drift.compare",
            "naturalistic.cohort.drift.sentences",
        ),
        (
            "reference/codes",
            "reference/adapters",
            "reference/snomed.yaml",
            "reference/problems.yaml",
        ),
    ),
    "score": (("naturalistic.cohort.scoring",), ()),
    "episodes": (("naturalistic.cohort.episodes",), ()),
    "outcomes": (("naturalistic.cohort.outcomes",), ()),
    "disclose": (
        (
            "naturalistic.release.disclosure",
            "naturalistic.release.bundle_covariances",
            "naturalistic.release.checker_log",
            "naturalistic.release.ledger",
        ),
        ("reference/disclosure",),
    ),
    "evidence": (("naturalistic.release.evidence",), ()),
    "report": (
        ("naturalistic.report.document",),
        (
            "report/templates",
            "reference/nice",
            "reference/benchmarks",
            "reference/national_metrics",
            "reference/chart_rules.yaml",
            "reference/nice_rules.yaml",
            "reference/claims.yaml",
            "reference/checklists.yaml",
            "reference/problems.yaml",
            "reference/therapy_models.yaml",
            "reference/sources.yaml",
        ),
    ),
}
RESULTS = Path("results")
ALWAYS_RUN = ("participant_flow",)
"""Analyses that cannot be left out: every other figure is read against who was referred, started and has forms."""
READS_INSTRUMENTS = ("ingest", "score", "outcomes", "evidence", "report")


@dataclass(frozen=True)
class Plan:
    """One run, read from its configuration file.

    Attributes
    ----------
    config_file : Path
        The configuration.
    project : Path
        Folder that relative paths start from.
    """

    config_file: Path
    project: Path = field(default_factory=Path.cwd)

    @cached_property
    def config(self) -> Config:
        """The settings of the run."""
        return load_config(self.config_file)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohorts of the run."""
        return self.config.cohorts

    @property
    def results(self) -> Path:
        """Folder of the results."""
        return RESULTS

    @property
    def analyses(self) -> tuple[str, ...]:
        """Names of the analyses of the run: those of the settings, in the order of the registry.

        Raises
        ------
        ConfigError
            The settings name one that does not exist.
        """
        chosen = self.config.analyses
        if chosen == "all":
            return tuple(REGISTRY)
        if unknown := [name for name in chosen if name not in REGISTRY]:
            raise ConfigError([self._unknown_analysis(name) for name in unknown])
        return tuple(name for name in REGISTRY if name in {*ALWAYS_RUN, *chosen})

    def left_out(self) -> dict[str, list[str]]:
        """What the record of a run says of analyses that the settings leave out; nothing where all are run."""
        absent = [name for name in REGISTRY if name not in self.analyses]
        return {"analyses_left_out": absent} if absent else {}

    def mapping_file(self, cohort: str) -> Path:
        """Mapping of a cohort: `cohorts/NAME.yaml` beside the configuration, or one that it shares with others."""
        name = self.config.shared_mapping(cohort) or cohort
        return self.config_file.parent / "cohorts" / f"{name}.yaml"

    def mapping(self, cohort: str) -> Mapping:
        """The mapping of a cohort, read once."""
        cache: dict[str, Mapping] = self.__dict__.setdefault("_mappings", {})
        if cohort not in cache:
            path = self.mapping_file(cohort)
            if not path.is_file():
                known = sorted(p.stem for p in path.parent.glob("*.yaml") if p.stem != "TEMPLATE")
                raise MappingError(
                    f"{path.as_posix()} does not exist. Cohorts here: {', '.join(known)}. "
                    f"`python3 go.py init {cohort} FILES...` writes a mapping."
                )
            shared = self.config.shared_mapping(cohort) is not None
            cache[cohort] = load_mapping(path, cohort if shared else None)
        return cache[cohort]

    def instrument_folder(self, cohort: str) -> Path:
        """Folder of the cohort's own instruments; need not exist."""
        return self.mapping_file(cohort).with_suffix("") / "instruments"

    def settings(self, cohort: str) -> AnalysisSettings:
        """Settings of the run with what the cohort changes."""
        return cohort_settings(self.config, self.mapping(cohort))

    def profile(self, cohort: str) -> str:
        """Disclosure profile of a cohort."""
        return cohort_disclosure(self.config, self.mapping(cohort)).profile

    def area(self, cohort: str) -> str:
        """Folder of what comes after disclosure control; profile `none` may not be released."""
        return "restricted/unreleased" if self.profile(cohort) == "none" else "release"

    def extract(self, cohort: str) -> list[str]:
        """Input files of the ingest stage."""
        mapping = self.mapping(cohort)
        if mapping.synthetic:
            return [(self.results / cohort / "restricted" / "extract").as_posix()]
        files = [source.path for source in mapping.files.values()]
        return files + (self._adapted_files(mapping.adapter.folder) if mapping.adapter else [])

    def _adapted_files(self, folder: str) -> list[str]:
        """Files of a national data set; the folder itself while it holds none."""
        from naturalistic.cohort.adapters.files import input_files

        return input_files(self.project, folder)

    def extract_params(self, cohort: str) -> str:
        """What the ingest stage depends on besides code: how each column is read."""
        mapping = self.mapping(cohort)
        return mapping.model_dump_json(
            exclude={"title", "service", "contact", "choices", "published"}
        )

    def report_params(self, cohort: str) -> str:
        """What the report depends on besides code and estimates."""
        mapping = self.mapping(cohort)
        told = mapping.model_dump_json(
            include={"title", "service", "contact", "published", "synthetic"}
        )
        published = self._published_file(mapping)
        facts = files_digest([published] if published else [])
        left_out = json.dumps(self.left_out()) if self.left_out() else ""
        return told + self.settings_params(cohort) + facts + left_out + self._amendments(cohort)

    def analysis_plan_file(self, cohort: str) -> Path:
        """Where the frozen analysis plan of a cohort lies."""
        return self.project / "private" / cohort / "analysis_plan.json"

    def _amendments(self, cohort: str) -> str:
        """Amendments of the frozen plan; its first version is frozen by the run itself and changes nothing."""
        path = self.analysis_plan_file(cohort)
        versions = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return json.dumps(versions[1:]) if len(versions) > 1 else ""

    def settings_params(self, cohort: str, *names: str) -> str:
        """The named settings (all, when none is named) as JSON."""
        values = self.settings(cohort).model_dump(mode="json")
        return json.dumps({n: values[n] for n in names or values}, sort_keys=True)

    def analysis_params(self, cohort: str, analysis: str) -> str:
        """The settings an analysis depends on, as JSON."""
        return self.settings_params(cohort, "seed", *REGISTRY[analysis].settings)

    def code(self, stage: str, cohort: str) -> str:
        """Digest of the code and reference files of a stage."""
        modules, folders = STAGES[stage]
        digest = code_digest(*modules, data=folders)
        return digest + (self._instruments(cohort) if stage in READS_INSTRUMENTS else "")

    def pool_code(self) -> str:
        """Digest of the code and reference files of pooling."""
        return code_digest(
            "naturalistic.cli.pool_files",
            "naturalistic.report.pooled",
            data=("reference/conversions.yaml", "reference/instruments", "report/templates"),
        )

    def analysis_code(self, analysis: str, cohort: str) -> str:
        """Digest of the code and reference files of an analysis."""
        entry = REGISTRY[analysis]
        folders = tuple(f"reference/{name}" for name in entry.reference if name != "instruments")
        digest = code_digest(entry.module, data=folders)
        return digest + (self._instruments(cohort) if "instruments" in entry.reference else "")

    def problems(self, cohorts: tuple[str, ...]) -> dict[str, UserError]:
        """What keeps a cohort from being run, by cohort, before anything runs."""
        found: dict[str, UserError] = {}
        for cohort in cohorts:
            try:
                self._check_primary(cohort)
                self._missing_files(cohort)
            except UserError as error:
                found[cohort] = error
        return found

    def releasable(self) -> bool:
        """Whether every cohort whose mapping can be read may be released."""
        for cohort in self.cohorts:
            try:
                if self.area(cohort) != "release":
                    return False
            except MappingError:
                continue  # said where the cohort is asked for; it must not keep the others from running
        return True

    def _check_primary(self, cohort: str) -> None:
        """The primary instrument and scale exist."""
        from naturalistic.reference.loader import load_instruments

        primary = self.settings(cohort).primary
        known = load_instruments([self.instrument_folder(cohort)])
        if primary.instrument not in known:
            raise ConfigError(
                f"{self.mapping_file(cohort).as_posix()} with {self.config_file.as_posix()}: primary.instrument "
                f"{primary.instrument!r} is not an instrument; known: {', '.join(sorted(known))}."
            )
        scales = [scale.key for scale in known[primary.instrument].scales]
        if primary.scale not in scales:
            raise ConfigError(
                f"{self.mapping_file(cohort).as_posix()} with {self.config_file.as_posix()}: primary.scale "
                f"{primary.scale!r} is not a scale of {primary.instrument}; it has: {', '.join(scales)}."
            )

    def _unknown_analysis(self, name: str) -> str:
        close = difflib.get_close_matches(name, REGISTRY, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(REGISTRY)}."
        return f"{self.config_file.as_posix()}, analyses: {name!r} is not an analysis. {hint}"

    def _missing_files(self, cohort: str) -> None:
        mapping = self.mapping(cohort)
        if mapping.synthetic:
            return
        absent = [
            f"{self.mapping_file(cohort).as_posix()}, files.{name}: {source.path} does not exist. "
            "Put the file there, or correct the path."
            for name, source in mapping.files.items()
            if not (self.project / source.path).is_file()
        ]
        adapter = mapping.adapter
        if adapter and not (self.project / adapter.folder).exists():
            absent.append(
                f"{self.mapping_file(cohort).as_posix()}, adapter.folder: {adapter.folder} does not exist. "
                "Put the tables there, or correct the path."
            )
        if absent:
            raise MappingError(absent)

    def _published_file(self, mapping: Mapping) -> Path | None:
        return (
            self.config_file.parent / "published" / f"{mapping.published}.yaml"
            if mapping.published
            else None
        )

    def _instruments(self, cohort: str) -> str:
        used = self.mapping(cohort).instruments
        shipped = sorted((ROOT / "reference" / "instruments").glob("*.yaml"))
        own = sorted(self.instrument_folder(cohort).glob("*.yaml"))
        return files_digest([p for p in shipped if used is None or p.stem in used] + own)
