"""Reading age of a text by the Flesch-Kincaid grade level.

grade = 0.39 words per sentence + 11.8 syllables per word - 15.59 (Kincaid, Fishburne, Rogers and Chissom 1975, Derivation
of new readability formulas for Navy enlisted personnel, Research Branch Report 8-75, p. 14). A grade of nine is reached
at fourteen years of age. Figures, symbols and abbreviations count as one word of one syllable (Flesch 1979, How to Write
Plain English, chapter 2). Syllables are counted by groups of vowels: no dictionary is needed, and long words, which make a
text hard, are told apart from short ones.
"""

from __future__ import annotations

import re

# the sound of a final e is heard in these endings only
_HEARD = re.compile(r"(?:[^aeiouy]le|[aeiouy]{2}e)$")
_HEARD_ES = re.compile(r"(?:s|x|z|ch|sh|ce|ge|se|ze)es$|(?:[sxz]|ch|sh|[cg])es$")
_HEARD_ED = re.compile(r"[td]ed$")
_TWO_VOWELS = re.compile(r"ia|io(?!n)|iu|ua|uou|eo(?!us|p)|ie(?=t)|ying|being|[aiou]ing")


def syllables(word: str) -> int:
    """Syllables of a word, at least one; figures and abbreviations have one."""
    text = word.lower().strip("'’")
    if not re.fullmatch(r"[a-z'’]+", text) or word.isupper():
        return 1
    text = text.replace("'", "").replace("’", "")
    silent = 0
    if (
        (text.endswith("e") and not _HEARD.search(text))
        or (text.endswith("es") and not _HEARD_ES.search(text))
        or (text.endswith("ed") and not _HEARD_ED.search(text))
    ):
        silent = 1
    groups = len(re.findall(r"[aeiouy]+", text)) + len(_TWO_VOWELS.findall(text))
    return max(groups - silent, 1)


def words(text: str) -> list[str]:
    """Words, figures and symbols; a hyphen parts words."""
    return re.findall(r"[A-Za-z]+(?:['’][a-z]+)?|[£€$−]?\d[\d.,]*%?", text)


def sentences(text: str) -> list[str]:
    """Parts between full stops, question and exclamation marks; a point inside a number ends nothing."""
    parts = re.split(r"[.?!]+[”’\"]?(?=\s|$)", text)
    return [part for part in parts if words(part)]


def grade(text: str) -> float:
    """Flesch-Kincaid grade level.

    Raises
    ------
    ValueError
        There is no word.
    """
    found = words(text)
    if not found:
        raise ValueError("no words to measure")
    length = len(found) / len(sentences(text))
    return 0.39 * length + 11.8 * sum(map(syllables, found)) / len(found) - 15.59
