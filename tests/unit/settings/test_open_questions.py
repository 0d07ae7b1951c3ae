"""A draft with open questions is refused, each by its line."""

import pytest

from naturalistic.errors import MappingError
from naturalistic.settings.load import load_mapping

DRAFT = """\
title: "ASK"
files: {}
tables:
  patients: {file: ASK}
  referrals: {file: a, columns: {ending: {from: b, codes: {"1": ASK, "2": ASK}}}}
"""


def test_every_open_question_is_named_by_its_line(tmp_path):
    path = tmp_path / "draft.yaml"
    path.write_text(DRAFT, encoding="utf-8")
    with pytest.raises(MappingError) as refused:
        load_mapping(path)
    assert [problem.split(" missing (ASK)")[0] for problem in refused.value.problems] == [
        f"{path.as_posix()}, line 4: an answer is",
        f"{path.as_posix()}, line 5: 2 answers are",
    ]
