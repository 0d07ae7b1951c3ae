import hashlib
import hmac
import os
import stat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.pseudonyms import Pseudonyms, combine, project_key
from naturalistic.errors import ConfigError

KEY = b"k" * 32


def ids(*texts):
    return np.array(texts, dtype=object)


def test_the_key_is_made_once_and_is_private(tmp_path):
    private = tmp_path / "private" / "north"
    key = project_key(private)
    assert len(key) == 32
    assert project_key(private) == key
    assert project_key(tmp_path / "private" / "south") != key
    if os.name == "posix":
        assert stat.S_IMODE((private / "pseudonym.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "not a key", "abcd", "é"])
def test_a_damaged_key_is_refused(tmp_path, text):
    (tmp_path / "pseudonym.key").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        project_key(tmp_path)
    assert "backup" in str(caught.value)


def test_pseudonyms_are_the_first_63_bits_of_the_keyed_hash():
    digest = hmac.new(KEY, b"patient\0A1", hashlib.sha256).digest()
    expected = int.from_bytes(digest, "big") >> (256 - 63)
    assert Pseudonyms(KEY).of("patient", ids("A1"))[0] == expected


def test_kinds_and_keys_do_not_share_pseudonyms():
    one, other = Pseudonyms(KEY), Pseudonyms(b"j" * 32)
    numbers = [
        one.of("patient", ids("A1"))[0],
        one.of("referral", ids("A1"))[0],
        other.of("patient", ids("A1"))[0],
    ]
    assert len(set(numbers)) == 3


def test_missing_ids_stay_missing():
    assert list(Pseudonyms(KEY).of("patient", ids(None, "A", None)) == 0) == [True, False, True]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=10), min_size=1, max_size=30))
def test_equal_ids_and_only_those_share_a_pseudonym(texts):
    numbers = Pseudonyms(KEY).of("patient", ids(*texts))
    assert (numbers > 0).all()
    assert len(set(numbers)) == len(set(texts))
    again = Pseudonyms(KEY).of("patient", ids(*reversed(texts)))
    assert list(reversed(again)) == list(numbers)


def test_a_collision_is_noticed(monkeypatch):
    monkeypatch.setattr(hmac, "digest", lambda key, message, name: b"\1" * 32)
    with pytest.raises(RuntimeError, match="share a pseudonym"):
        Pseudonyms(KEY).of("patient", ids("A", "B"))


def test_combined_numbers_are_positive_and_distinct():
    a, b = np.meshgrid(np.arange(-300, 300), np.arange(300))
    numbers = combine(a.ravel(), b.ravel())
    assert (numbers > 0).all()
    assert len(np.unique(numbers)) == a.size
    assert combine(np.array([1]), np.array([2]))[0] != combine(np.array([2]), np.array([1]))[0]
