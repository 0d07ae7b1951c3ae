"""The disclosure log: what an output checker reads and signs before anything leaves."""

from __future__ import annotations

from naturalistic.release.disclosure import Protected
from naturalistic.release.profiles import RULE_NAMES, Profile
from naturalistic.tables.estimates import KEY_COLUMNS

RULE_WORDS = {
    "threshold": "Figures that rest on this many people or fewer are withheld",
    "rounding_base": "Counts are rounded to the nearest multiple of",
    "withhold_zero": "Nobody counts as a small number",
    "withhold_full": "Shares of 0 and 100 per cent are withheld",
    "mean_minimum": "Fewest people of a mean or a spread",
    "model_residual_df": "Fewest people of a model beyond its terms",
    "dominance": "Largest share of the weight of one person",
}
PROMISE = (
    "For every withheld count of at most {threshold} people this was checked over all counts of all analyses",
    "together, by linear programming: by the sums, remainders and nested groups that the rules in docs/methods.md",
    "find, every number from 0 to {threshold} stays possible (of people without a value: from 1). It is no proof: an",
    "attack by other programmes (benchmarks/disclosure_attack.md) says how often more could be worked out. Means and",
    "figures of models are protected by the rules above, not against every sum.",
)


def disclosure_log(
    protected: Protected, profile: Profile, *, cohort: str, differences: int, earlier: int
) -> str:
    """The log as plain text. It says which figures are withheld, not which of them are small.

    Parameters
    ----------
    protected : Protected
        What was protected.
    profile : Profile
        By which rules.
    cohort : str
        Name of the cohort.
    differences : int
        Number of cells that an earlier release and this one together narrow down.
    earlier : int
        Number of earlier releases compared.
    """
    lines = [f"Disclosure log of {cohort}", "", f"Profile {profile.name}: {profile.label}.", ""]
    if not profile.may_leave:
        return "\n".join([*lines, "Nothing was withheld. This folder must not leave.", ""])
    for name in RULE_NAMES:
        rule = profile.rules.get(name)
        source = f" [{rule.status}] {rule.source}" if rule else ""
        lines.append(f"- {RULE_WORDS[name]}: {_word(getattr(profile, name))}.{source}")
    lines += ["", *(line.format(threshold=profile.threshold) for line in PROMISE), ""]
    lines += [*_lost(protected), "", *_releases(differences, earlier), "", *_cells(protected)]
    lines += ["", "Checked by (name, role): ____________________", "Date: ____________________", ""]
    return "\n".join(lines)


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _lost(protected: Protected) -> list[str]:
    loss = protected.loss
    withheld = loss.withheld_primary + loss.withheld_secondary
    share = f"{withheld / loss.given:.1%}" if loss.given else "0%"
    how = "the cheapest choice within 1 per cent" if loss.exact else "chosen step by step"
    if not loss.audited:
        how += (
            ". The check of all sums together was ended before it had seen every withheld count: single sums were all "
            "checked, and what it found is met"
        )
    return [
        f"Figures given before: {loss.given}. Withheld: {withheld} ({share}).",
        f"Figures with a count that is rounded more coarsely, in coarser_counts.csv: {loss.coarser}.",
        f"What is withheld so that nothing can be worked out is {how}.",
        "Withheld counts of which the way counts hang together rules out some number whatever is shown (a level of",
        f"which all have what nobody of the whole has, say): {loss.ruled_out}.",
    ]


def _releases(differences: int, earlier: int) -> list[str]:
    if not earlier:
        return ["No earlier release of this cohort is known here."]
    if not differences:
        return [f"Compared with {earlier} earlier releases: no small difference."]
    return [
        f"WARNING. Compared with {earlier} earlier releases, some counts changed by a small number of people. They are",
        "named in restricted/disclosure_differences.csv. Do not release both unless whoever checks accepts it.",
    ]


def _cells(protected: Protected) -> list[str]:
    lines = ["Withheld figures:"]
    filled = {name: told for name, told in protected.told.items() if len(told)}
    for name, told in filled.items():
        lines.append(f"{name} ({len(told)})")
        for row in told.to_dict("records"):
            key = ", ".join(
                str(row[c]) for c in KEY_COLUMNS[2:] if str(row[c]) not in ("", "nan", "<NA>")
            )
            lines.append(f"  {key}: {row['rule']}")
    return lines if len(lines) > 1 else ["No figure is withheld."]
