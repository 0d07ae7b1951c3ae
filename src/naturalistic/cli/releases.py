"""What was released of a cohort before: the ledger inside the organisation that a new release is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturalistic import files

if TYPE_CHECKING:
    from naturalistic.cli.stages import Stage


def _ledger(stage: Stage) -> Path:
    """Where what this cut released is noted."""
    from naturalistic.release.evidence import digest

    folder = stage.plan.project / "private" / stage.cohort / "releases"
    return folder / f"{digest(files.read_json(stage.paths.provenance))[:12]}.parquet"


def earlier_releases(stage: Stage) -> dict[str, Any]:
    """What releases of other cuts of this cohort showed."""
    if stage.plan.profile(stage.cohort) == "none":
        return {}
    mine = _ledger(stage)
    others = (p for p in sorted(mine.parent.glob("*.parquet")) if p != mine)
    return {p.stem: files.read_table(p) for p in others}


def compare_releases(stage: Stage, exact: Any, protected: Any, earlier: dict[str, Any]) -> int:
    """Number of small differences from earlier releases; this one is noted for the next."""
    from naturalistic.release.ledger import differences, ledger_entry
    from naturalistic.release.profiles import load_profile

    profile = load_profile(stage.plan.profile(stage.cohort))
    path = stage.paths.restricted / "disclosure_differences.csv"
    if not profile.may_leave:
        path.unlink(missing_ok=True)
        return 0
    now = ledger_entry(exact, protected.estimates, protected.coarser, profile.rounding_base)
    found = differences(now, earlier, profile.name)
    files.write_csv(path, found)
    files.write_atomically(
        _ledger(stage), lambda part: now.to_parquet(part, index=False, compression="zstd")
    )
    return len(found)
