"""Two profiles of one cohort side by side: one line a comparison, the ones that matter marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pandas as pd

from naturalistic.cohort.drift.lines import About, Line, frame_of
from naturalistic.cohort.drift.models import ColumnProfile, ExtractFileProfile, ExtractProfile
from naturalistic.cohort.drift.shifts import code_shift, mean_shift, share_shift

_CODES_SHOWN = 4


def compare(earlier: ExtractProfile, now: ExtractProfile) -> pd.DataFrame:
    """What changed from one extract to the next.

    Parameters
    ----------
    earlier, now : ExtractProfile

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, one row a comparison in the order of the mapping; `changed` is "yes" where the analyst should
        look: another structure or another code always, another size by the rule of `shifts.Shift.clear`.
    """
    return frame_of(_files(earlier, now))


def no_comparison() -> pd.DataFrame:
    """The table of a first extract: no row."""
    return frame_of(())


def compare_headers(
    earlier: ExtractProfile, headers: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Files and columns that are new or gone, for an extract whose cells could not be read.

    Parameters
    ----------
    earlier : ExtractProfile
    headers : mapping of str to tuple of str
        Names of the columns of each file whose header could be read.
    """
    lines: list[Line] = []
    for name in headers:
        if name in earlier.files:
            lines += _headers(name, earlier.files[name].header, headers[name])
        else:
            lines.append(About(name).line("file_new"))
    return frame_of(lines)


def _files(earlier: ExtractProfile, now: ExtractProfile) -> Iterator[Line]:
    for name in dict.fromkeys([*now.files, *earlier.files]):
        if name not in earlier.files:
            yield About(name).line("file_new", now=now.files[name].path)
        elif name not in now.files:
            yield About(name).line("file_gone", earlier.files[name].path)
        else:
            yield from _one_file(name, earlier.files[name], now.files[name])


def _one_file(name: str, earlier: ExtractFileProfile, now: ExtractFileProfile) -> Iterator[Line]:
    whole = About(name)
    yield whole.line("rows", earlier.rows, now.rows)
    differs = earlier.described != now.described
    yield whole.line("read_as", earlier.described, now.described, marked=differs)
    yield from _headers(name, earlier.header, now.header)
    for column, profile in now.columns.items():
        about = About(name, column, ", ".join(profile.meanings))
        if column in earlier.columns:
            yield from _one_column(earlier.columns[column], profile, about)
        elif column in earlier.header:
            yield about.line("column_now_mapped")
    for column in earlier.columns:
        if column in now.header and column not in now.columns:
            yield About(name, column).line("column_not_mapped")


def _headers(name: str, earlier: tuple[str, ...], now: tuple[str, ...]) -> Iterator[Line]:
    for column in (c for c in now if c not in earlier):
        yield About(name, column).line("column_new", now=column)
    for column in (c for c in earlier if c not in now):
        yield About(name, column).line("column_gone", column)


def _one_column(earlier: ColumnProfile, now: ColumnProfile, about: About) -> Iterator[Line]:
    differs = earlier.looks != now.looks and "nothing" not in (earlier.looks, now.looks)
    yield about.line("looks", earlier.looks, now.looks, marked=differs)
    yield _share_line(about, "missing", (earlier.missing, earlier.rows), (now.missing, now.rows))
    if earlier.content != now.content or now.content == "id":
        return  # counted in another way, or numbers of people
    if now.content in ("numbers", "dates"):
        sides = (earlier.unreadable, earlier.filled), (now.unreadable, now.filled)
        yield _share_line(about, "unreadable", *sides)
    if now.content == "numbers":
        yield from _numbers(earlier, now, about)
    elif now.content == "dates":
        yield from _dates(earlier, now, about)
    elif not (earlier.codes_hidden or now.codes_hidden):
        yield from _codes(earlier, now, about)


def _share_line(about: About, what: str, earlier: tuple[int, int], now: tuple[int, int]) -> Line:
    sides = [f"{part / whole:.1%}" if whole else "" for part, whole in (earlier, now)]
    return about.sized(what, sides, share_shift(earlier, now))


def _numbers(earlier: ColumnProfile, now: ColumnProfile, about: About) -> Iterator[Line]:
    means = [f"{c.mean:.3g} (SD {c.sd:.3g})" if c.mean is not None else "" for c in (earlier, now)]
    yield about.sized("mean", means, mean_shift(earlier, now))
    quantiles = [" | ".join(f"{q:g}" for q in c.quantiles.values()) for c in (earlier, now)]
    yield about.line("quantiles", *quantiles)
    if earlier.codes and now.codes:
        yield _codes_line(earlier, now, about)


def _codes(earlier: ColumnProfile, now: ColumnProfile, about: About) -> Iterator[Line]:
    yield _codes_line(earlier, now, about)
    if earlier.rare is None or now.rare is None:
        return  # not a list of codes
    seen_before, seen_now = set(earlier.rare), set(now.rare)
    for code, rows in now.codes.items():
        if code not in earlier.codes and now.marks[code] not in seen_before:
            yield about.line("code_new", now=f"{rows:,} rows", code=code)
    for code, rows in earlier.codes.items():
        if code not in now.codes and earlier.marks[code] not in seen_now:
            yield about.line("code_gone", f"{rows:,} rows", code=code)
    new = seen_now - seen_before - set(earlier.marks.values())
    if new:
        yield about.line("codes_new_rare", now=len(new))


def _codes_line(earlier: ColumnProfile, now: ColumnProfile, about: About) -> Line:
    both = Counter(earlier.codes) + Counter(now.codes)
    most = sorted(both, key=lambda code: (-both[code], code))[:_CODES_SHOWN]
    sides = [_shares_of(column, most) for column in (earlier, now)]
    return about.sized("shares", sides, code_shift(earlier, now))


def _shares_of(column: ColumnProfile, codes: list[str]) -> str:
    """Shares of the most frequent codes; a hyphen for one that too few share."""
    n = max(1, column.filled - column.unreadable)
    shown = [f"{c} {column.codes[c] / n:.0%}" if c in column.codes else f"{c} -" for c in codes]
    return " | ".join(shown)


def _dates(earlier: ColumnProfile, now: ColumnProfile, about: About) -> Iterator[Line]:
    if not (earlier.months and now.months):
        return
    spans = [(min(c.months), max(c.months)) for c in (earlier, now)]
    backwards = spans[1][1] < spans[0][1]
    yield about.line("period", *(f"{a} to {b}" for a, b in spans), marked=backwards)
    gaps = [c.n_months - len(c.months) for c in (earlier, now)]
    yield about.line("months_under_ten", *gaps, marked=gaps[0] == 0 < gaps[1])
    if shared := sorted(earlier.months.keys() & now.months.keys()):
        rows = [sum(c.months[month] for month in shared) for c in (earlier, now)]
        yield about.line("rows_of_shared_months", *rows, marked=rows[1] < rows[0])
