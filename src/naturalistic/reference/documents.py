"""Tables of the reference data for `docs/`, generated so that they cannot differ from the data.

Run ``python -m naturalistic.reference.documents`` in the project folder after changing a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.facts import Sourced
from naturalistic.reference.loader import load_benchmarks, load_instruments
from naturalistic.reference.models import Instrument, Scale
from naturalistic.reference.thresholds import CutOff, ForWhom

NOT_KNOWN = "not known"
_SIDES = {
    "at_or_above": "at or above",
    "above": "above",
    "below": "below",
    "at_or_below": "at or below",
}
_TOPICS = {
    "change": "Change from before to after therapy, and differences between groups",
    "clinical_significance": "Recovery and reliable improvement",
    "no_treatment": "Without this therapy",
    "dropout": "Dropout",
    "attendance": "Attendance",
    "therapist_effect": "Variation between therapists",
    "dose": "Number of sessions",
}


def instruments_markdown() -> str:
    """Return `docs/instruments.md`: what is known of every instrument, and what is not."""
    instruments = load_instruments().values()
    lines = [
        "# Instruments",
        "",
        "Generated from `src/naturalistic/reference/instruments`. What is not known is absent from the",
        "data and says so here: nothing is filled in. Status: `verified` (read in the source), `secondary`",
        "(second-hand, computed or reproduced) and `unverified` (from memory); see",
        "[decision 0003](decisions/0003-status-of-facts.md). No item texts are held.",
        "",
        "## What can be scored from items",
        "",
    ]
    lines += _table(
        ("Instrument", "Key", "Filled in by", "Better is", "Items", "From items", "Missing items"),
        (_overview(each) for each in instruments),
    )
    for each in instruments:
        lines += ["", *_instrument(each)]
    return "\n".join(lines) + "\n"


def _overview(form: Instrument) -> tuple[str, ...]:
    scorable = [scale.key for scale in form.scales if form.can_score_items(scale.key)]
    from_items = ", ".join(scorable) if scorable else "no: scale scores only"
    rule = form.scale(form.primary_scale).missing_rule
    missing = NOT_KNOWN if rule is None else f"up to {rule.max_missing} ({rule.status})"
    if not form.item_scorable and rule is None:
        missing = "does not apply"
    elif rule is None:
        missing = "rule not known: complete forms only"
    n_items = NOT_KNOWN if form.structure.n_items is None else str(form.structure.n_items)
    return (
        form.name,
        f"`{form.key}`",
        form.completed_by,
        form.better_is,
        n_items,
        from_items,
        missing,
    )


def _instrument(form: Instrument) -> list[str]:
    built = form.structure
    ends = (
        NOT_KNOWN
        if built.item_min is None or built.item_max is None
        else f"{built.item_min:g} to {built.item_max:g}"
    )
    turned = NOT_KNOWN
    if built.reversed is not None:
        turned = ", ".join(map(str, built.reversed)) or "none"
    lines = [
        f"## {form.name}",
        "",
        f"{form.about}.",
        "",
        f"- Items scored {ends}; reversed: {turned} ({_provenance(built)}).",
        f"- Licence: {form.licence.text} ({form.licence.status})",
    ]
    lines += [f"- Take care: {trap.text} ({trap.status})" for trap in form.traps]
    for scale in form.scales:
        lines += ["", *_scale(scale)]
    return lines


def _scale(scale: Scale) -> list[str]:
    items = NOT_KNOWN if scale.items is None else ", ".join(map(str, scale.items))
    lines = [
        f"### {scale.label} (`{scale.key}`)",
        "",
        f"{scale.minimum:g} to {scale.maximum:g}, {scale.scoring.replace('_', ' ')}; "
        f"items: {items} ({_provenance(scale)}).",
        "",
    ]
    rows = [*_cut_offs(scale), *_bands(scale), *_changes(scale), *_psychometrics(scale)]
    if not rows:
        return [*lines, "Cut-offs, bands, reliability, norms and reliable change: not known."]
    held = {row[0].split(":")[0] for row in rows}
    wanted = ("Cut-off", "Severity bands", "Reliable change", "Reliability", "Norm")
    absent = [what.lower() for what in wanted if what not in held]
    lines += _table(("What", "Value", "For", "Status", "Source", "Note"), rows)
    return [*lines, "", f"Not known: {', '.join(absent)}."] if absent else lines


def _cut_offs(scale: Scale) -> Iterable[tuple[str, ...]]:
    for cut in scale.cut_offs:
        what = f"Cut-off: {cut.kind.replace('_', ' ')}{_chosen(cut.preferred)}"
        value = f"{_SIDES[cut.case_if]} {cut.value:g}"
        yield what, value, _for_whom(cut), *_end(cut, cut.published_as)


def _bands(scale: Scale) -> Iterable[tuple[str, ...]]:
    for bands in scale.severity_bands:
        text = "; ".join(
            f"{band.label} from {band.lower:g}" + (f" ({band.status})" if band.status else "")
            for band in bands.bands
        )
        yield f"Severity bands: {bands.name}{_chosen(bands.preferred)}", text, "", *_end(bands)


def _changes(scale: Scale) -> Iterable[tuple[str, ...]]:
    for change in scale.reliable_change:
        level = f", {change.level:.0%} level" if change.level else ""
        each = " (each item)" if change.applies_to == "each_item" else ""
        side = change.convention.replace("_", " ")
        value = f"{change.value:g}{each}, equality: {side}{level}"
        what = f"Reliable change: {change.rule}{_chosen(change.preferred)}"
        yield what, value, "", *_end(change, change.published_as)
    for difference in scale.important_differences:
        unit = " % of the first score" if difference.unit == "percent_of_start" else " points"
        value = f"{difference.value:g}{unit}"
        yield "Important difference", value, difference.population, *_end(difference)


def _psychometrics(scale: Scale) -> Iterable[tuple[str, ...]]:
    for each in scale.reliabilities:
        value = f"above {each.low:g}" if each.low is not None else f"{each.value:g}"
        if each.low is not None and each.high is not None:
            value = f"{each.low:g} to {each.high:g}"
        what = f"Reliability: {each.kind.replace('_', ' ')}{_chosen(each.preferred)}"
        yield what, value, each.sample, *_end(each)
    for norm in scale.norms:
        sd = NOT_KNOWN if norm.sd is None else f"{norm.sd:g}"
        n = NOT_KNOWN if norm.n is None else f"{norm.n:,}"
        value = f"mean {norm.mean:g}, SD {sd}, n {n}"
        what = f"Norm: {norm.population}{_chosen(norm.preferred)}"
        yield what, value, f"{norm.sample}", *_end(norm, norm.published_as)


def benchmarks_markdown() -> str:
    """Return `docs/benchmarks.md`: every published figure that results may be set beside."""
    lines = [
        "# Benchmarks",
        "",
        "Generated from `src/naturalistic/reference/benchmarks`. A comparison is drawn only where the",
        "definition and the people counted are the same. Shares run from 0 to 1. Status as in",
        "[decision 0003](decisions/0003-status-of-facts.md).",
    ]
    for topic, title in _TOPICS.items():
        rows = [_benchmark(each) for each in load_benchmarks().values() if each.topic == topic]
        lines += ["", f"## {title}", ""]
        header = ("Figure", "Value", "Quantity", "Measure", "Whom", "Basis", "Status", "Source")
        lines += _table((*header, "Take care"), rows)
    return "\n".join(lines) + "\n"


def _benchmark(each: Benchmark) -> tuple[str, ...]:
    form = ".2f" if each.quantity.startswith("standardised") else "g"
    value = "range" if each.value is None else f"{each.value:{form}}"
    if each.low is not None and each.high is not None:
        value += f" ({each.low:{form}} to {each.high:{form}})"
    if each.prediction_low is not None and each.prediction_high is not None:
        value += f", prediction {each.prediction_low:{form}} to {each.prediction_high:{form}}"
    counts = [f"{each.k:,} studies" if each.k else "", f"n {each.n:,}" if each.n else ""]
    counts.append(f"{each.n_therapists} therapists" if each.n_therapists else "")
    whom = [each.population.replace("_", " "), each.denominator, each.condition, each.setting]
    whom += [each.country, each.duration]
    quantity = f"{each.quantity}, {each.definition}".replace("_", " ")
    basis = "; ".join(filter(None, (each.design.replace("_", " "), *counts)))
    care = " ".join(filter(None, (each.warning, each.note)))
    who = "; ".join(filter(None, whom))
    return each.label, value, quantity, each.measure, who, basis, _status(each), each.source, care


def _for_whom(entry: ForWhom) -> str:
    ages = ""
    if entry.age_min is not None or entry.age_max is not None:
        ages = f"age {entry.age_min or ''} to {entry.age_max or ''}"
    return ", ".join(filter(None, ("" if entry.sex == "any" else entry.sex, ages)))


def _end(entry: Sourced | CutOff, published_as: str = "") -> tuple[str, str, str]:
    note = " ".join(
        filter(None, (f"Published as {published_as}." if published_as else "", entry.note))
    )
    return _status(entry), entry.source, note


def _status(entry: Sourced) -> str:
    basis = f" ({entry.basis.replace('_', '-')})" if entry.basis else ""
    return entry.status + basis


def _provenance(entry: Sourced) -> str:
    return f"{_status(entry)}: {entry.source}" + (f". {entry.note}" if entry.note else "")


def _chosen(preferred: bool) -> str:
    return " (used)" if preferred else ""


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    titles = tuple(header)
    return [line(titles), line("---" for _ in titles), *(line(row) for row in rows)]


DOCUMENTS: dict[str, Callable[[], str]] = {
    "instruments.md": instruments_markdown,
    "benchmarks.md": benchmarks_markdown,
}


def write_documents(folder: Path) -> None:
    """Write every generated document into `folder`."""
    for name, make in DOCUMENTS.items():
        (folder / name).write_text(make(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_documents(Path("docs"))
