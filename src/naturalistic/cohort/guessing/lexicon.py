"""How columns of clinical systems are named, read from `column_names.yaml`, and how well a name fits."""

from __future__ import annotations

from functools import cache

from naturalistic.cohort.guessing.header_words import concept_words
from naturalistic.cohort.guessing.word_lists import word_list

# words that hardly tell columns apart
_GENERIC = frozenset(
    {"date", "id", "number", "code", "status", "type", "description", "name", "patient", "current"}
    | {"main", "category", "flag", "yn", "text", "local", "value", "unique"}
)
_LIGHT = 0.35


@cache
def phrases() -> dict[str, tuple[frozenset[str], ...]]:
    """Target -> its phrases as sets of words."""
    texts = dict(word_list("column_names")["phrases"])
    texts["sessions.therapist_id"] = texts["referrals.therapist_id"]
    return {
        target: tuple(dict.fromkeys(frozenset(concept_words(text)) for text in each))
        for target, each in texts.items()
    }


@cache
def _forbidden() -> dict[str, frozenset[str]]:
    words = word_list("column_names")["forbidden"]
    return {target: frozenset(each) for target, each in words.items()}


def _weight(words: frozenset[str]) -> float:
    return sum(_LIGHT if word in _GENERIC else 1.0 for word in words)


def name_scores(words: tuple[str, ...], context: frozenset[str]) -> dict[str, float]:
    """How well a name fits each target, from 0 to 1.

    The weight of the words shared with the best phrase over the weight of all words of both. Words of the context (what
    the file is about) may be left out of a name: they count for the phrase at a discount.

    Parameters
    ----------
    words : tuple of str
        `header_words.concept_words` of the column.
    context : frozenset of str
        Words that go without saying in this file, such as "session".
    """
    own = frozenset(words)
    scores: dict[str, float] = {}
    for target, texts in phrases().items():
        if own & _forbidden().get(target, frozenset()):
            continue
        best = 0.0
        for phrase in texts:
            shared = own & phrase
            if not shared:
                continue
            understood = (phrase - own) & context
            whole = _weight(own | phrase)
            fit = (_weight(shared) + 0.8 * _weight(understood)) / whole
            best = max(best, fit)
        if best >= 0.3:
            scores[target] = best
    return scores
