"""Everything that lies in a release folder, read as an outsider reads it: tables, bundle, pages, figures, text.

Nothing of the package is imported. Numbers of people are taken from sentences, captions, alternatives of figures and
tables of pages by plain patterns; those that no table of the release shows are given to the attack as exact counts.
"""

from __future__ import annotations

import base64
import html
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
COUNTED = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")
SLOTS = (*COUNTED, "n_missing")
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "df")
KEY = (
    "analysis",
    "estimand",
    "definition",
    "instrument",
    "scale",
    "population",
    "model",
    "specification",
    "term",
    "contrast",
    "dimensions",
    "time",
    "time_unit",
)
_N = r"(?<![\d.,–-])(\d{1,3}(?:,\d{3})+|\d+)(?![.,]?\d|%)"
# what is counted here is not people
_OTHER_THINGS = (
    r"(?!; all are|\.? ?; all are| (?:comparison|difference|group|check|figure|lies|lie |level|therapist|specification|"
    r"method|test|services|items|questions|stand|published|estimate|models|weeks|months|quarters|half-years|years|"
    r"sessions|points|characteristics))"
)
_PEOPLE = (
    re.compile(
        r"(?<!per )"
        + _N
        + r" (?:people|patients?|clients?|persons?|women|men|referrals|episodes|others)\b"
    ),
    re.compile(_N + r" (?:out )?of (?:the |all )?" + _N + _OTHER_THINGS),
    re.compile(r"\bn ?= ?" + _N),
    re.compile(
        r"(?<!fewer )(?:people|patients|referred|started)(?! more than)[^.;:()]{0,40}\("
        + _N
        + r"\)"
    ),
)
_HEADS_OF_PEOPLE = re.compile(
    r"\b(people|patients|episodes|n|with both forms|events|referrals)\b", re.I
)
_WHOLE = re.compile(r"^\d{1,3}(?:,\d{3})+$|^\d+$")


@dataclass
class Released:
    """Everything in a release folder that tells of counts.

    Attributes
    ----------
    rows : DataFrame
        Rows of all tables, as text.
    coarse : dict
        What a count is rounded to, where that is not the base.
    threshold, base : int
        Of the profile.
    seen_again : list of (int, str, float)
        Row, column and value of counts that the bundle shows.
    said : dict of int to set of str
        Numbers of people in pages, figures and texts that no table shows, and where they stand.
    read : int
        How many numbers of people were read there.
    """

    rows: pd.DataFrame
    coarse: dict[tuple[str, ...], int]
    threshold: int
    base: int
    seen_again: list[tuple[int, str, float]] = field(default_factory=list)
    said: dict[int, set[str]] = field(default_factory=dict)
    read: int = 0


def read_release(folder: Path, threshold: int, base: int) -> Released:
    """A release, as it lies there."""
    parts = [
        pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted((folder / "estimates").glob("*.csv"))
    ]
    rows = pd.concat([p for p in parts if len(p)], ignore_index=True)
    table = pd.read_csv(folder / "coarser_counts.csv", dtype=str, keep_default_na=False)
    coarse = {
        (*(row[k] for k in KEY), row["column"]): int(row["rounded_to"])
        for row in table.to_dict("records")
    }
    released = Released(rows, coarse, threshold, base)
    if (folder / "evidence.json").exists():
        _bundle(released, json.loads((folder / "evidence.json").read_text(encoding="utf-8")))
    _texts(released, folder)
    return released


# -- the bundle -----------------------------------------------------------------------------------------------------------


def _bundle(released: Released, bundle: dict) -> None:
    """Rows of the bundle fill in what the tables leave empty; its counts are seen a second time."""
    place = {
        tuple(_as_written(r[k]) for k in KEY): i
        for i, r in enumerate(released.rows.to_dict("records"))
    }
    columns = {c: released.rows[c].to_numpy(dtype=object).copy() for c in NUMBERS}
    for row in bundle["estimates"]:
        key = tuple(_as_written(row.get(k, "")) for k in KEY)
        at = place.get(key)
        if at is None:
            raise AssertionError(f"the bundle has a row that no table has: {key}")
        for column in NUMBERS:
            if column in row and columns[column][at] == "":
                columns[column][at] = str(row[column])
        released.seen_again += [(at, c, float(row[c])) for c in SLOTS if c in row]
    for column, values in columns.items():
        released.rows[column] = values
    for entry in bundle["counts"]:
        for at in _of_flow(released.rows, entry["what"], entry["population"], "count"):
            released.seen_again.append((at, "n_patients", float(entry["people"])))
    for entry in bundle["quality"]:
        for at in _of_flow(released.rows, entry["what"], entry["population"], "proportion"):
            if "denominator" in entry:
                released.seen_again.append((at, "denominator", float(entry["denominator"])))


def _as_written(value: object) -> str:
    """A key as the tables have it; times to nine digits."""
    if isinstance(value, str) and not re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", value):
        return value
    return f"{float(str(value)):.9g}"


def _of_flow(rows: pd.DataFrame, term: str, population: str, estimand: str) -> list[int]:
    chosen = (rows["term"] == term) & (rows["population"] == population)
    chosen &= (rows["estimand"] == estimand) & (rows["dimensions"] == "")
    return [int(i) for i in rows.index[chosen & (rows["analysis"] == "participant_flow")]]


# -- pages, figures and texts ---------------------------------------------------------------------------------------------


def _texts(released: Released, folder: Path) -> None:
    """Numbers of people that stand in words, and in no table."""
    shown = _numbers_shown(released) | public_numbers()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix not in (".html", ".svg", ".txt", ".docx", ".xlsx") or path.parent.name in (
            "estimates",
            "disclosure",
        ):
            continue
        for number in numbers_of_people(text_of(path)):
            released.read += 1
            if number not in shown:
                released.said.setdefault(number, set()).add(path.name)


def _numbers_shown(released: Released) -> set[int]:
    """Numbers that the tables show, those of the rules, and whole numbers that figures are said as."""
    rules = {released.threshold, released.threshold + 1, released.base}
    found = set(range(released.threshold, 21)) & rules | set(released.coarse.values())
    for column in (*SLOTS, "n_therapists"):
        found |= {int(float(v)) for v in released.rows[column] if v != ""}
    for column in ("estimate", "conf_low", "conf_high"):
        # forecasts of how many people are estimates; they are said as whole numbers, often without their sign
        values = [abs(float(v)) for v in released.rows[column] if v not in ("", "inf", "-inf")]
        found |= {int(v + 0.5) for v in values if v > released.threshold}
    # a forecast is said as a number too: its released share of its released number of people, which counts nobody
    forecast = released.rows[released.rows["estimand"] == "expected_share"]
    for share, people in zip(forecast["estimate"], forecast["n_patients"], strict=True):
        if share and people:
            found.add(int(float(share) * float(people) + 0.5))
    return found


def public_numbers() -> set[int]:
    """Numbers of people in studies that are held as reference facts: they stand in pages beside the cohort's own."""
    found: set[int] = set()
    for file in (ROOT / "src" / "naturalistic" / "reference").rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        found |= {int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]{2,}\b", text)}
    return found


def numbers_of_people(text: str) -> list[int]:
    """Whole numbers that are said of people."""
    found = [g for pattern in _PEOPLE for match in pattern.finditer(text) for g in match.groups()]
    return [int(n.replace(",", "")) for n in found if n]


def text_of(path: Path) -> str:
    """The words of a file; drawings inside a page are read too."""
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(path) as packed:
            inside = [n for n in packed.namelist() if n.endswith(".xml")]
            return " ".join(_words(packed.read(n).decode("utf-8")) for n in inside)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".txt":
        return text
    return " ".join([_words(text), *_cells(text), *map(_words, _drawings(text))])


def _drawings(page: str) -> Iterator[str]:
    for match in re.finditer(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page):
        yield base64.b64decode(match[1]).decode("utf-8")


def _words(markup: str) -> str:
    """Text and alternatives of a marked-up file, its style and scripts left out."""
    said = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', markup)
    plain = re.sub(r"<(style|script)\b.*?</\1>|<!--.*?-->", " ", markup, flags=re.S)
    plain = re.sub(
        r"</(?:td|th|tr|p|li|h\d|text|title|desc|figcaption|dd|dt|t|si|c|v)>", " ; ", plain
    )
    return re.sub(r"\s+", " ", html.unescape(" ; ".join([re.sub(r"<[^>]+>", " ", plain), *said])))


class _Tables(HTMLParser):
    """Cells of the tables of a page, each with the head of its column."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.found: list[tuple[str, str]] = []
        self._cell: list[str] | None = None
        self._column = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table, row or cell begins."""
        if tag == "table":
            self.heads = []
        elif tag == "tr":
            self._column = 0
        elif tag in ("td", "th"):
            self._cell = []

    def handle_data(self, data: str) -> None:
        """Words of a cell."""
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        """A cell ends."""
        if tag not in ("td", "th") or self._cell is None:
            return
        text = " ".join("".join(self._cell).split())
        if tag == "th" and self._column == len(self.heads):
            self.heads.append(text)
        elif self._column < len(self.heads):
            self.found.append((self.heads[self._column], text))
        self._column += 1
        self._cell = None


def _cells(page: str) -> Iterator[str]:
    """Whole numbers in columns that hold numbers of people."""
    tables = _Tables()
    tables.feed(page)
    for head, text in tables.found:
        if _HEADS_OF_PEOPLE.search(head) and _WHOLE.match(text):
            yield f"{text} people ;"
