from __future__ import annotations

import pytest

from naturalistic.errors import MappingError
from naturalistic.reference.loader import (
    instrument,
    load_instruments,
    load_sources,
)
from naturalistic.reference.reading import read_yaml, shipped

ASKED_FOR = {
    *("core_om", "core_10", "core_5", "core_sf_a", "core_sf_b", "gp_core", "yp_core"),
    *("phq_9", "gad_7", "wsas", "bdi", "bdi_ii", "ces_d", "honos", "reqol_10", "dialog", "gbo"),
    *("iip_32", "swemwbs", "psychlops", "oci_r", "pcl_5", "ies_r", "bai", "hads", "spin"),
}

# a complete instrument as a trust would write it
OWN = """
checked: 2025-01-31
key: own_scale
name: OWN
about: Two items of our own
completed_by: patient
better_is: lower
licence: {text: ours, source: the trust, status: verified}
structure: {n_items: 2, item_min: 0, item_max: 4, reversed: [2], source: the trust, status: verified}
primary_scale: total
scales:
  - {key: total, label: Total, items: [1, 2], scoring: sum, minimum: 0, maximum: 8,
     source: the trust, status: verified}
"""


def entries_of(node, path=""):
    """Every mapping of a YAML tree with its place."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from entries_of(value, f"{path}.{key}")
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from entries_of(value, f"{path}[{position}]")


def test_every_instrument_asked_for_is_there():
    assert set(load_instruments()) == ASKED_FOR


def test_core_om_keys_are_those_of_the_form():
    core = instrument("core_om")
    assert core.structure.reversed == (3, 4, 7, 12, 19, 21, 31, 32)
    assert 30 not in core.structure.reversed
    assert core.scale("wellbeing").items == (4, 14, 17, 31)
    assert core.scale("problems").items == (2, 5, 8, 11, 13, 15, 18, 20, 23, 27, 28, 30)
    assert core.scale("functioning").items == (1, 3, 7, 10, 12, 19, 21, 25, 26, 29, 32, 33)
    assert core.scale("risk").items == (6, 9, 16, 22, 24, 34)


def test_core_om_domains_partition_the_items():
    core = instrument("core_om")
    domains = [core.scale(key).items for key in ("wellbeing", "problems", "functioning", "risk")]
    assert sorted(item for items in domains for item in items) == list(range(1, 35))
    assert core.scale("all").items == tuple(range(1, 35))
    without_risk = set(range(1, 35)) - set(core.scale("risk").items)
    assert set(core.scale("non_risk").items) == without_risk
    # six reversed items in functioning, two in well-being, none elsewhere
    counts = [len(set(items) & set(core.structure.reversed)) for items in domains]
    assert counts == [2, 0, 6, 0]


def test_core_om_missing_rule_cut_off_and_reliable_change():
    total = instrument("core_om").scale("all")
    assert total.missing_rule.max_missing == 3
    assert total.missing_rule.status == "verified"
    assert total.cut_off().value == 10
    change = [each for each in total.reliable_change if each.preferred]
    assert [(each.value, each.convention) for each in change] == [(5, "at_or_above")]
    assert [band.lower for band in total.preferred_bands()] == [0, 6, 10, 15, 20, 25]


def test_core_10_differs_from_core_om():
    total = instrument("core_10").scale("total")
    assert instrument("core_10").structure.reversed == (2, 3)
    assert total.cut_off(kind="clinical").value == 11
    six = next(each for each in total.reliable_change if each.value == 6)
    assert six.level == pytest.approx(0.90)


@pytest.mark.parametrize(
    ("sex", "age", "value"),
    [
        ("female", 13.99, 14.4),
        ("female", 14, 15.9),
        ("male", 11, 10.3),
        ("male", 16.9, 14.1),
        ("male", 17, None),
        ("female", None, None),
        ("female", float("nan"), None),
        ("any", 12, None),
    ],
)
def test_cut_off_by_sex_and_age(sex, age, value):
    cut_off = instrument("yp_core").scale("total").cut_off(sex=sex, age=age)
    assert (None if cut_off is None else cut_off.value) == value


@pytest.mark.parametrize(("key", "caseness", "change"), [("phq_9", 10, 6), ("gad_7", 8, 4)])
def test_talking_therapies_thresholds(key, caseness, change):
    total = instrument(key).scale("total")
    cut_off = total.cut_off(kind="caseness")
    assert (cut_off.value, cut_off.case_if) == (caseness, "at_or_above")
    preferred = next(each for each in total.reliable_change if each.preferred)
    assert (preferred.value, preferred.convention) == (change, "at_or_above")


def test_direction():
    higher = {key for key, each in load_instruments().items() if each.better_is == "higher"}
    assert higher == {"reqol_10", "dialog", "gbo", "swemwbs"}


def test_forms_without_known_keys_take_totals_only():
    totals_only = {key for key, each in load_instruments().items() if not each.item_scorable}
    assert totals_only == {
        *("core_5", "core_sf_a", "core_sf_b", "gp_core"),
        *("hads", "iip_32", "reqol_10", "spin", "swemwbs"),
    }
    assert instrument("swemwbs").can_score_items("raw")


def test_subscales_cover_the_forms_they_belong_to():
    for key in ("pcl_5", "ies_r"):
        form = instrument(key)
        subscales = [scale.items for scale in form.scales if scale.key != "total"]
        assert sorted(i for items in subscales for i in items) == list(form.scale("total").items)


@pytest.mark.parametrize("item", shipped("instruments"), ids=lambda item: item.name)
def test_every_published_number_has_source_and_status(item):
    sources = load_sources()
    sourced_parts = ("cut_offs", "severity_bands", "reliabilities", "norms", "reliable_change")
    sourced_parts += ("important_differences", "correlations", "traps", "structure", "licence")
    sourced_parts += ("missing_rule", "scales")
    for path, entry in entries_of(read_yaml(item)):
        if path.rsplit(".", 1)[-1].split("[")[0] in sourced_parts:
            assert entry["source"] in sources, (path, entry["source"])
            assert entry["status"] in {"verified", "secondary", "unverified"}
            if entry["source"] == "memory":
                assert entry["status"] != "verified", path


@pytest.mark.parametrize("key", sorted(ASKED_FOR))
def test_aliases_are_unambiguous(key):
    mine = {alias.casefold() for alias in instrument(key).aliases}
    assert mine
    for other, each in load_instruments().items():
        if other != key:
            assert not mine & {alias.casefold() for alias in each.aliases}, other


def test_a_cohorts_own_instrument(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    own = load_instruments([tmp_path])["own_scale"]
    assert own.item_scorable
    assert own.structure.source == "the trust"
    assert str(own.structure.date) == "2025-01-31"
    assert "own_scale" not in load_instruments()


def test_all_faults_of_all_own_files_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text(
        OWN.replace("reversed: [2]", "reversed: [3]").replace("better_is: lower", "better_is: up"),
        encoding="utf-8",
    )
    (tmp_path / "b.yaml").write_text(OWN.replace("name: OWN", "nam: OWN"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(OWN.replace("own_scale", "core_om"), encoding="utf-8")
    (tmp_path / "d.yaml").write_text("key: x\nkey: y\n", encoding="utf-8")
    (tmp_path / "e.yaml").write_text("a: [1", encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_instruments([tmp_path])
    problems = caught.value.problems
    assert any("a.yaml: better_is" in each for each in problems)
    assert any("b.yaml: nam: unknown key" in each for each in problems)
    assert any("b.yaml: name: is required" in each for each in problems)
    assert any("c.yaml" in each and "another instrument" in each for each in problems)
    assert any("d.yaml" in each and "given twice" in each for each in problems)
    assert any("e.yaml, line" in each for each in problems)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("reversed: [2]", "reversed: [3]", "lies outside 1 to 2"),
        ("maximum: 8", "maximum: 9", "items and scoring give 0 to 8"),
        ("primary_scale: total", "primary_scale: other", "not one of the scales"),
        ("items: [1, 2]", "items: [1, 1]", "listed twice"),
        ("n_items: 2, ", "", "n_items is not known"),
        ("status: verified}\nstructure", "status: secondary}\nstructure", "needs a basis"),
        ("checked: 2025-01-31", "checked: lately", "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, old, new, fault):
    assert old in OWN
    (tmp_path / "own.yaml").write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(MappingError, match=fault):
        load_instruments([tmp_path])


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (
            "cut_offs: [{value: 9, kind: clinical, case_if: above, source: x y, status: verified}]",
            "cut-off 9 lies off",
        ),
        (
            "severity_bands: [{name: n, source: x y, status: verified, bands: "
            "[{label: a, lower: 0, upper: 4}, {label: b, lower: 5, upper: 8}]}]",
            "do not meet",
        ),
        (
            "severity_bands: [{name: n, source: x y, status: verified, bands: "
            "[{label: a, lower: 0, upper: 4}, {label: b, lower: 4, upper: 7}]}]",
            "do not cover",
        ),
        (
            "reliabilities: [{kind: alpha, sample: s, source: x y, status: verified}]",
            "give a value",
        ),
        (
            "reliable_change: [{value: .nan, convention: above, rule: r, source: x, status: verified}]",
            "finite",
        ),
    ],
)
def test_published_figures_must_fit_the_scale(tmp_path, part, fault):
    text = OWN.replace("maximum: 8,", f"maximum: 8, {part},")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match=fault):
        load_instruments([tmp_path])


def test_unknown_keys_say_what_there_is():
    with pytest.raises(KeyError, match="core_om"):
        instrument("core_34")
    with pytest.raises(KeyError, match="wellbeing"):
        instrument("core_om").scale("well_being")


def test_a_folder_that_does_not_exist_holds_no_instruments(tmp_path):
    assert set(load_instruments([tmp_path / "absent"])) == ASKED_FOR
