"""What changed since the last extract of a cohort: the kept profiles, the table, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from naturalistic import files
from naturalistic.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from naturalistic.cli.stages import Stage
    from naturalistic.cohort.drift.models import ExtractProfile

FIRST = "This is the first extract of the cohort that was read: later ones are compared with it."
_SENTENCES_SHOWN = 12


@dataclass(frozen=True)
class KeptProfiles:
    """The profiles of earlier extracts of a cohort, in the order in which they were first read.

    Attributes
    ----------
    folder : Path
        ``private/{cohort}/extracts``: 0001.json, 0002.json ...
    """

    folder: Path

    @property
    def told(self) -> Path:
        """What was said of the last extract."""
        return self.folder / "told.txt"

    @classmethod
    def of(cls, stage: Stage) -> KeptProfiles:
        """Those of a cohort."""
        return cls.at(stage.plan.project, stage.cohort)

    @classmethod
    def at(cls, project: Path, cohort: str) -> KeptProfiles:
        """Those of a cohort of a project."""
        return cls(project / "private" / cohort / "extracts")

    def read(self) -> list[ExtractProfile]:
        """Every profile, the oldest first.

        Raises
        ------
        ConfigError
            A profile is damaged.
        """
        from pydantic import ValidationError

        from naturalistic.cohort.drift.models import ExtractProfile

        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(ExtractProfile.model_validate(files.read_json(path)))
            except (ValidationError, ValueError, UnicodeDecodeError) as bad:
                raise ConfigError(
                    f"{path.as_posix()} is damaged. Restore it from a backup, or delete it: the extract it describes can "
                    "then not be compared with."
                ) from bad
        return found

    def before(self, now: ExtractProfile) -> tuple[ExtractProfile | None, bool]:
        """The extract before this one, and whether this one was read before."""
        kept = self.read()
        for place, each in enumerate(kept):
            if each.digest == now.digest:
                return (kept[place - 1] if place else None), True
        return (kept[-1] if kept else None), False

    def keep(self, now: ExtractProfile) -> None:
        """Keep a profile for the next comparison, in the place of an earlier one of the same extract."""
        kept = self.read()
        place = next((i for i, each in enumerate(kept) if each.digest == now.digest), len(kept))
        paths = sorted(self.folder.glob("*.json"))
        last = int(paths[-1].stem) if paths else 0
        path = paths[place] if place < len(paths) else self.folder / f"{last + 1:04d}.json"
        files.write_json(path, now.model_dump(mode="json"))


def compare_with_last(
    stage: Stage, now: ExtractProfile, table: Path, *, every: bool = False
) -> list[str]:
    """Compare an extract with the one before it, write the table, and say what stands out.

    Parameters
    ----------
    stage : Stage
    now : ExtractProfile
    table : Path
        Where the table goes; it never leaves.
    every : bool
        Say everything that stands out, not only the first.

    Returns
    -------
    list of str
        Lines for the terminal.
    """
    from naturalistic.cohort.drift.compare import compare, no_comparison

    earlier, known = KeptProfiles.of(stage).before(now)
    drift = no_comparison() if earlier is None else compare(earlier, now)
    files.write_csv(table, drift)
    same = ["The extract is the same as last time, byte for byte."] if known else []
    if earlier is None:
        return same or [FIRST]
    what = "the one before it" if known else "the last extract"
    head = f"Compared with {what} (data until {earlier.data_cut}; now until {now.data_cut}):"
    return [*same, head, *summary(drift, every=every), f"  Every comparison: {table.as_posix()}"]


def note_drift(stage: Stage, now: ExtractProfile) -> None:
    """Compare an extract that was read to the end with the one before it, and keep its profile for the next."""
    kept = KeptProfiles.of(stage)
    said = compare_with_last(stage, now, stage.paths.drift)
    # beside the profiles: that an extract was read before is no result, which must be the same at every run
    files.write_text(kept.told, "\n".join(said) + "\n")
    kept.keep(now)


def summary(drift: pd.DataFrame, *, every: bool) -> list[str]:
    """What stands out, one line each."""
    from naturalistic.cohort.drift.sentences import drift_sentences, rows_sentence

    said = drift_sentences(drift)
    shown = said if every else said[:_SENTENCES_SHOWN]
    lines = [rows_sentence(drift)] if (drift["what"] == "rows").any() else []
    lines += shown or ["Nothing stands out: the same columns and codes, and no clear shift."]
    if len(said) > len(shown):
        lines.append(f"and {len(said) - len(shown)} more (check --drift says them all)")
    return [f"  {line}" for line in lines]


def header_changes(stage: Stage) -> list[str]:
    """Which columns came and went since the last extract, for an extract that stopped the run."""
    from naturalistic.cohort.drift.compare import compare_headers
    from naturalistic.cohort.readers import read_header
    from naturalistic.cohort.reading import UnreadableFileError

    kept = KeptProfiles.of(stage).read()
    if not kept:
        return []
    headers: dict[str, tuple[str, ...]] = {}
    for name, source in stage.mapping.files.items():
        if name in kept[-1].files:
            try:
                headers[name] = read_header(source, stage.plan.project)
            except UnreadableFileError:
                continue  # the error itself says so
    drift = compare_headers(kept[-1], headers)
    if drift.empty:
        return []
    last = f"Compared with the last extract that could be used (data until {kept[-1].data_cut}):"
    return [last, *summary(drift, every=True)]
