"""What disclosure control withheld, and whether that touches the message."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.released import JACOBSON_TRUAX, Released
from naturalistic.report.wording import capital, listed, number

HEADLINES = {
    # the figures of the first screen: what they are, and the key of their row
    "the number who started": ("participant_flow", {"term": "people", "population": "started"}),
    "the share with both forms": (
        "participant_flow",
        {"term": "share_of_started", "population": "paired"},
    ),
    "mean change": ("outcome_change", {"estimand": "mean_change", "population": "paired"}),
    "reliable improvement": (
        "clinical_change",
        {"term": "reliable_improvement", "population": "paired", **JACOBSON_TRUAX},
    ),
    "reliable deterioration": (
        "clinical_change",
        {"term": "reliable_deterioration", "population": "paired", **JACOBSON_TRUAX},
    ),
    "dropout": ("dropout", {"estimand": "proportion", "term": "dropout"}),
    "absence": ("attendance", {"term": "absence"}),
}
PROMISE = (
    "What else is withheld or rounded keeps a withheld number of people from being worked out: by the sums and remainders "
    "that were checked, every number from 0 to {threshold} stays possible. Means and models are protected by fewest numbers "
    "of people and by rounding."
)
OF_THE_SCALE = ("mean change", "reliable improvement", "reliable deterioration")


def withheld(released: Released, _: PublishedStudy | None) -> Section:
    """Figures withheld by analysis and rule; whether any headline figure is among them."""
    profile = released.record["disclosure"]
    title = "What was withheld"
    if not profile["may_leave"]:
        text = "Nothing was withheld: no disclosure control was applied, and this report must not leave the organisation."
        return Section("withheld", title, (text,))
    rows = [_line(name, frame, released.disclosure) for name, frame in released.estimates.items()]
    total = sum(len(log) for log in released.disclosure.values())
    shown = sum(len(frame) for frame in released.estimates.values())
    blocks: list[Block] = [
        Text((f"Rules: {profile['label']}. Source: {profile['source']}.",)),
        Text((PROMISE.format(threshold=profile["threshold"]),)),
    ]
    if total:
        blocks.append(
            Table(
                "Figures withheld, by part of the report",
                ("Part of the report", "Figures", "Withheld", "Why"),
                rows,
                note="A withheld figure keeps its place in the tables with the word 'withheld'.",
            )
        )
    finding = (
        f"{number(total, 0)} of {number(shown, 0)} figures were withheld to protect people."
        if total
        else "No figure had to be withheld."
    )
    return Section("withheld", title, (finding, _message(released)), tuple(blocks))


def _line(name: str, frame: pd.DataFrame, logs: object) -> tuple[str, str, str, str]:
    log = logs.get(name) if hasattr(logs, "get") else None
    n = 0 if log is None else len(log)
    reasons = []
    if n and log is not None:
        counts = log["reason"].astype(str).value_counts()
        reasons = [f"{text} ({k})" for text, k in sorted(counts.items())]
    return (
        capital(name.replace("_", " ")),
        number(len(frame), 0),
        number(n, 0),
        capital("; ".join(reasons)) or "–",
    )


def _message(released: Released) -> str:
    """Whether the figures of the first screen are among those withheld."""
    touched = []
    for name, (analysis, key) in HEADLINES.items():
        full = dict(key)
        if name in OF_THE_SCALE:
            full |= released.measure
        if name == "dropout":
            full["definition"] = released.primary["dropout_definition"]
        if name == "absence":
            full["definition"] = released.primary["absence_definition"]
        row = released.one(analysis, **full)
        if row is not None and str(row["status"]) == "withheld":
            touched.append(name)
    if not touched:
        return "None of the figures on the first screen is among them, so the message does not rest on what was withheld."
    verb = "is" if len(touched) == 1 else "are"
    return f"Of the figures on the first screen, {listed(touched)} {verb} withheld: the message is incomplete there."
