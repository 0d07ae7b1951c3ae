"""What identifies people, by its header or its shape: pure functions on the distinct texts of a column."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

_NHS_NUMBER = re.compile(r"(?<![\d.])(\d{3})[ -]?(\d{3})[ -]?(\d{4})(?![\d.])")
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<!\d)(?:\+44\s?\(?0?\)?\s?|0)[1-37](?:[\s-]?\d){8,9}(?!\d)")
# letters of the second half as Royal Mail issues them; GIR 0AA and the crown territories follow the same shape
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr)\.?\s+[A-Z][a-z'’-]+", re.IGNORECASE)
_SURNAME_FIRST = re.compile(r"([A-Za-z'’-]{2,}),\s*([A-Za-z'’-]+)(?:\s+[A-Za-z'’.-]+)*")
_NAME_ORDER = re.compile(r"([A-Za-z'’-]+)(?:\s+[A-Za-z'’.-]+){0,2}\s+([A-Za-z'’-]{2,})")

# frequent given names in the United Kingdom across the generations alive; words that are also things are left out
GIVEN_NAMES = frozenset(
    re.findall(
        r"[a-z]+",
        """
        aaron abdul abigail adam adrian ahmed aidan aisha alan albert alex alexander alexandra alfie ali alice alison
        amanda amelia amy andrea andrew angela ann anna anne annette anthony antony archie arthur ashley ava barbara
        barry ben benjamin bernard beth betty beverley brian bridget callum cameron carl carol caroline catherine
        charles charlie charlotte chloe chris christina christine christopher claire clare clive colin connor craig
        daisy daniel danielle darren dave david dawn dean debbie deborah denise dennis derek diana diane dominic
        donald donna doris dorothy douglas dylan edna edward eileen elaine eleanor elizabeth ella ellie emily emma
        eric erin ethan eva evelyn evie fatima fiona frances francis frank frederick freya gareth gary gavin gemma
        geoffrey george georgia gerald geraldine gillian glen glenn gordon graham gregory hannah harriet harry hassan
        hayley heather helen henry hilary howard hussain ian ibrahim irene isabel isabella isla jack jacob jacqueline
        jade jake james jamie jane janet janice jasmine jason jay jean jenna jennifer jeremy jessica jill jim joan
        joanna joanne joe john jonathan jordan joseph josephine joshua joyce judith julia julian julie june karen karl
        kate katherine kathleen kathryn katie katy keith kelly kenneth kerry kevin khalid kieran kim kimberley kirsty
        kyle laura lauren lawrence leah leanne lee leo leon leonard lesley leslie lewis liam linda lindsay lindsey
        lisa logan lorraine louis louise lucas lucy luke lynda lynn lynne malcolm mandy marcus margaret maria marian
        marie marilyn marion martin mary matthew maureen max megan melanie melissa mia michael michelle mohamed
        mohammad mohammed molly monica muhammad muriel nadia naomi natalie natasha nathan neil nicholas nicola nicole
        nigel noah nora norma norman oliver olivia omar oscar owen pamela patricia patrick paul paula pauline penelope
        peter philip phillip phyllis priya rachael rachel ralph raymond rebecca reece rhys richard robert robin roger
        ronald rosemary ross roy russell ruth ryan sally sam samantha samuel sandra sara sarah scott sean shane
        shannon sharon sheila shirley simon sofia sophia sophie stacey stanley stella stephanie stephen steve steven
        stewart stuart susan suzanne sylvia tanya tara terence teresa terry thelma theo theresa thomas tim timothy
        tina toby tom tony tracey tracy trevor valerie vanessa vera veronica victor vincent wayne wendy william yasmin
        yusuf yvonne zachary zara zoe
        """,
    )
)
_SHARE_OF_NAMES = 0.3
_LEAST_NAMES = 3

_HEADERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("nhs_number", re.compile(r"\bnhs (?:no|num|nr|number)\b|\bnhsno\b|\bnhsnumber\b")),
    (
        "person_name",
        re.compile(
            r"\b(?:fore|sur|first|last|family|given|middle|full|birth|maiden|patient|client|person|therapist|clinician"
            r"|worker|practitioner|known as|preferred) ?names?\b|^(?:names?|initials)$"
        ),
    ),
    ("full_postcode", re.compile(r"\bpost ?code\b|\bpostal code\b|\bpcode\b|\baddress\b")),
    ("date_of_birth", re.compile(r"\bdob\b|\bdate of birth\b|\bbirth ?da(?:te|y)\b|\bbirth dt\b")),
    (
        "phone_number",
        re.compile(r"\b(?:tele)?phone\b|\bmobile(?: no| number)?$|\btel(?: no| number)?$"),
    ),
    ("email_address", re.compile(r"\be ?mail\b")),
)


def identifying_header(header: str) -> str:
    """The rule a column breaks by its name, or empty text.

    Words are taken apart at capitals, underscores and points, so that `PatientName` and `patient_name` are alike.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+", " ", header).strip().casefold()
    spaced = " ".join(spaced.split())
    for rule, pattern in _HEADERS:
        if pattern.search(spaced):
            return rule
    return ""


def valid_nhs_numbers(digits: np.ndarray) -> np.ndarray:
    """Which ten-digit numbers pass the check of NHS numbers.

    The first nine digits are weighted 10 to 2; 11 minus the remainder of their sum by 11 must be the tenth digit
    (11 stands for 0, 10 is never issued). Source: NHS Data Model and Dictionary, attribute NHS NUMBER.

    Parameters
    ----------
    digits : ndarray of int, shape (n, 10)

    Returns
    -------
    ndarray of bool, shape (n,)
        False also for ten equal digits, which are fillers.
    """
    check = 11 - digits[:, :9] @ np.arange(10, 1, -1) % 11
    check = np.where(check == 11, 0, check)
    filler = (digits == digits[:, :1]).all(axis=1)
    return (check == digits[:, 9]) & ~filler


def holds_nhs_numbers(texts: np.ndarray) -> bool:
    """More than half of the ten-digit numbers in the texts are valid NHS numbers.

    Of numbers that are none, one in eleven is valid by chance.
    """
    found = ["".join(match) for text in texts for match in _NHS_NUMBER.findall(text)]
    if not found:
        return False
    digits = np.array([list(number) for number in found]).astype(np.int64)
    return bool(valid_nhs_numbers(digits).mean() > 0.5)


def holds_emails(texts: np.ndarray) -> bool:
    """Any e-mail address."""
    return any("@" in text and _EMAIL.search(text) for text in texts)


def holds_phone_numbers(texts: np.ndarray, *, is_id: bool) -> bool:
    """Any number of the United Kingdom; among ids, which may have such a shape, more than half."""
    found = np.array([bool(_PHONE.search(text)) for text in texts], dtype=bool)
    return bool(found.mean() > 0.5 if is_id else found.any())


def holds_postcodes(texts: np.ndarray, *, is_id: bool) -> bool:
    """Any full postcode; among ids, which may have such a shape, more than half."""
    found = np.array([bool(_POSTCODE.search(text)) for text in texts], dtype=bool)
    return bool(found.mean() > 0.5 if is_id else found.any())


def holds_names(texts: np.ndarray) -> bool:
    """At least three texts, and three in ten, look like the name of a person.

    A name has a title, or a frequent given name before or after another word.
    """
    found = sum(map(_is_name, texts))
    return found >= _LEAST_NAMES and found >= _SHARE_OF_NAMES * len(texts)


def _is_name(text: str) -> bool:
    if not 4 <= len(text) <= 60:
        return False
    if _TITLE.match(text):
        return True
    turned = _SURNAME_FIRST.fullmatch(text)
    if turned:
        return turned[2].casefold() in GIVEN_NAMES
    plain = _NAME_ORDER.fullmatch(text)
    return plain is not None and plain[1].casefold() in GIVEN_NAMES


SHAPES: tuple[tuple[str, Callable[..., bool], bool], ...] = (
    # rule, test, whether ids are judged more leniently
    ("nhs_number", holds_nhs_numbers, False),
    ("email_address", holds_emails, False),
    ("phone_number", holds_phone_numbers, True),
    ("full_postcode", holds_postcodes, True),
    ("person_name", holds_names, False),
)


def identifying_shapes(texts: np.ndarray, *, is_id: bool) -> list[str]:
    """The rules a column breaks by its distinct texts (dates of birth need other columns and are judged elsewhere)."""
    if not len(texts):
        return []
    return [
        rule
        for rule, test, lenient in SHAPES
        if (test(texts, is_id=is_id) if lenient else test(texts))
    ]
