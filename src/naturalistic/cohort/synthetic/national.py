"""A synthetic extract in the format of a national data set: several monthly submissions with all that goes wrong in them.

The same cohort as in the service's own format, as far as the data set has a place for it, in four submissions:

1. everything known up to two months before the data cut, with mistakes in some records;
2. the month after it, as first sent, with contacts that never were;
3. the same month sent again, without them;
4. the last month, with every mistake of the first submission put right.

Codes lose or gain leading zeros and blanks. `truth["submissions"]` counts what was planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.extract import write_frames
from naturalistic.cohort.synthetic.national_cells import Frames
from naturalistic.cohort.synthetic.national_formats import BLANK_PADDED, FORMATS, ZERO_PADDED
from naturalistic.cohort.synthetic.national_records import Records, records_of
from naturalistic.cohort.synthetic.simulation import Simulation

_WRONG = 0.03
"""Share of the records of the first submission with a mistake."""
_PHANTOMS = 7
_PADDED = 0.15
PROVIDER = "RXX"


@dataclass(frozen=True, slots=True)
class Submission:
    """The tables of one submission.

    Attributes
    ----------
    name : str
        Folder.
    tables : dict of str to DataFrame
        By the names of the data set, all text.
    """

    name: str
    tables: Frames


def national_submissions(
    made: Simulation, data_set: str, rng: np.random.Generator
) -> tuple[list[Submission], dict[str, int]]:
    """The submissions of a cohort, and how many records of each kind were planted.

    Parameters
    ----------
    made : Simulation
    data_set : str
        Key of `national_formats.FORMATS`.
    rng : Generator
        Places the mistakes, the blanks and the zeros.

    Raises
    ------
    ValueError
        No such data set.
    """
    if data_set not in FORMATS:
        raise ValueError(f"no data set {data_set!r}; there are: {', '.join(FORMATS)}")
    records = records_of(made)
    last = pd.Timestamp(made.model.pathway.data_cut)
    ends = [last + pd.offsets.MonthEnd(0) - pd.offsets.MonthEnd(back) for back in (2, 1, 0)]
    days = [int(np.datetime64(end, "D").astype(np.int64)) for end in ends]
    wrong = {
        name: np.sort(
            rng.choice(len(frame), int(np.ceil(_WRONG * len(frame))) if len(frame) else 0, False)
        )
        for name, frame in records.named().items()
        if name in _MISTAKES
    }
    phantoms = _phantoms(records, days[0], days[1])
    sent = [
        ("1", ends[0], _between(records, -1, days[0], wrong, None)),
        ("2", ends[1], _between(records, days[0], days[1], {}, phantoms)),
        ("3", ends[1], _between(records, days[0], days[1], {}, None)),
        ("4", ends[2], _between(records, days[1], days[2] + 10_000, {}, None, again=wrong)),
    ]
    submissions = [
        Submission(f"submission_{number}", _tables(frames, data_set, int(number), end, rng))
        for number, end, frames in sent
    ]
    planted = {f"wrong_{name}": len(rows) for name, rows in wrong.items()}
    return submissions, {**planted, "contacts_that_never_were": len(phantoms)}


def write_national(submissions: list[Submission], folder: Path) -> None:
    """Write each submission into a folder of its own, one file a table."""
    for submission in submissions:
        place = folder / submission.name
        place.mkdir(parents=True, exist_ok=True)
        write_frames(submission.tables, place)


def _between(
    records: Records,
    after: int,
    until: int,
    wrong: dict[str, npt.NDArray[np.int64]],
    phantoms: pd.DataFrame | None,
    again: dict[str, npt.NDArray[np.int64]] | None = None,
) -> Frames:
    """What a submission sends: records of its period, referrals open or closed in it, and records sent again."""
    out: Frames = {}
    for name, frame in records.named().items():
        due = frame["known"].between(after + 1, until).to_numpy()
        if name == "referrals":
            closed = frame["closed"].to_numpy()
            due |= (frame["known"] <= until).to_numpy() & ((closed <= NEVER) | (closed > after))
        if again is not None and name in again:
            due[again[name]] = True
        own = frame
        if name in wrong:
            own = _MISTAKES[name](frame, wrong[name])
        own = own[due]
        if name == "referrals":
            open_still = own["closed"] > until
            own = own.assign(
                closed=own["closed"].mask(open_still, NEVER),
                ending=own["ending"].mask(open_still),
            )
        out[name] = own.reset_index(drop=True)
    out["people"] = _with_referrals(records.people, out)
    if phantoms is not None:
        out["contacts"] = pd.concat([out["contacts"], phantoms], ignore_index=True)
    return out


def _with_referrals(people: pd.DataFrame, out: Frames) -> pd.DataFrame:
    """Everybody with a referral in the submission."""
    return people[people["patient"].isin(out["referrals"]["patient"])].reset_index(drop=True)


def _phantoms(records: Records, after: int, until: int) -> pd.DataFrame:
    """Contacts of the month that were entered by mistake."""
    due = records.contacts[records.contacts["known"].between(after + 1, until)]
    copies = due.head(_PHANTOMS).copy()
    copies["contact"] = [f"X{i:09d}" for i in range(len(copies))]
    copies["seen"] = False
    copies["minutes"] = np.nan
    copies["attendance"] = "did_not_attend"
    return copies


def _wrong_attendance(frame: pd.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    words = frame["attendance"].to_numpy(object, copy=True)
    words[rows] = np.where(words[rows] == "attended", "did_not_attend", "attended")
    return frame.assign(attendance=words)


def _wrong_score(frame: pd.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    score = frame["score"].to_numpy(float, copy=True)
    score[rows] = np.where(score[rows] > 1, score[rows] - 1, score[rows] + 1)
    return frame.assign(score=score)


def _wrong_source(frame: pd.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    words = frame["source"].to_numpy(object, copy=True)
    words[rows] = np.where(words[rows] == "Other", "GP", "Other")
    return frame.assign(source=words)


_MISTAKES = {
    "contacts": _wrong_attendance,
    "contact_scores": _wrong_score,
    "referral_scores": _wrong_score,
    "referrals": _wrong_source,
}


def _tables(
    frames: Frames, data_set: str, number: int, end: pd.Timestamp, rng: np.random.Generator
) -> Frames:
    form = FORMATS[data_set]
    tables = {name: make(frames) for name, make in form.tables.items()}
    header = pd.DataFrame(
        {
            "DatSetVer": [form.version],
            form.provider: [PROVIDER],
            "ReportingPeriodStartDate": [end.replace(day=1).date().isoformat()],
            "ReportingPeriodEndDate": [end.date().isoformat()],
            "DateTimeDatSetCreate": [f"{(end + pd.Timedelta(days=10 + number)).date()}T08:00:00"],
        }
    )
    return {form.header: header} | {
        name: _as_sent(table.dropna(how="all"), rng) for name, table in tables.items()
    }


def _as_sent(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The table with leading zeros lost or gained and stray blanks in some codes."""
    out = table.copy()
    for name in table.columns:
        if name not in BLANK_PADDED:
            continue
        cells = out[name].to_numpy(object, copy=True)
        luck = rng.random(len(cells))
        for i in np.flatnonzero([cell is not None for cell in cells]):
            cells[i] = _padded(cells[i], luck[i], zeros=name in ZERO_PADDED or len(cells[i]) == 1)
        out[name] = cells
    return out


def _padded(code: str, luck: float, *, zeros: bool) -> str:
    if luck < _PADDED:
        return f" {code}" if luck < _PADDED / 2 else f"{code} "
    if zeros and code.isdigit() and luck < 2 * _PADDED:
        return code.lstrip("0") or "0" if code.startswith("0") else f"0{code}"
    return code
