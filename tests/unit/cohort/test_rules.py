from pathlib import Path

from naturalistic.cohort.rules import ACTIONS, RULES, rules_table

PAGE = Path(__file__).parents[3] / "docs" / "how_to" / "map_an_extract.md"


def test_the_page_holds_the_table_of_rules():
    page = PAGE.read_text(encoding="utf-8")
    start = page.index("-->", page.index("<!-- rules:")) + len("-->\n")
    assert page[start : page.index("<!-- end of rules -->")] == rules_table()


def test_every_rule_says_what_why_and_what_is_done():
    assert len(RULES) >= 25
    for name, rule in RULES.items():
        assert name == rule.name
        assert rule.severity in ACTIONS
        assert rule.says and not rule.says.endswith(".")
        assert rule.reason.endswith(".")
        assert rule.advice == "" or rule.advice.endswith(".")


def test_no_rule_is_written_twice():
    from naturalistic.cohort import rules

    assert len(rules._ALL) == len(RULES)
