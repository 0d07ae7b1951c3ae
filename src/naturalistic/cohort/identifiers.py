"""What identifies people, by its header or its shape: pure functions on the distinct texts of a column."""

from __future__ import annotations

import re

import numpy as np

_NHS_NUMBER = re.compile(r"(?<![\d.])(\d{3})[ -]?(\d{3})[ -]?(\d{4})(?:\.0)?(?![\d.]*\d)")
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<!\d)(?:\+44 ?\(?0?\)? ?|0)[1-37](?:[ -]?\d){8,9}(?!\d)")
# letters of the second half as Royal Mail issues them; GIR 0AA and the crown territories follow the same shape
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE)
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


def holds_nhs_numbers(joined: str) -> bool:
    """More than half of the ten-digit numbers in the texts are valid NHS numbers.

    Of numbers that are none, one in eleven is valid by chance.
    """
    found = ["".join(match) for match in _NHS_NUMBER.findall(joined)]
    if not found:
        return False
    digits = np.frombuffer("".join(found).encode("ascii"), dtype=np.uint8).reshape(-1, 10)
    return bool(valid_nhs_numbers(digits.astype(np.int64) - ord("0")).mean() > 0.5)


def holds_emails(joined: str) -> bool:
    """Any e-mail address."""
    return "@" in joined and _EMAIL.search(joined) is not None


def holds_names(texts: np.ndarray) -> bool:
    """At least three texts, and three in ten, look like the name of a person.

    A name has a title, or a frequent given name before or after another word.
    """
    found = sum(_is_name(text) for text in texts if " " in text or "," in text)
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


def _share_found(pattern: re.Pattern[str], joined: str, n_texts: int) -> float:
    return sum(1 for _ in pattern.finditer(joined)) / n_texts


def identifying_shapes(texts: np.ndarray, *, is_id: bool) -> list[str]:
    """The rules a column breaks by its distinct texts.

    Dates of birth need other columns to compare with and are judged elsewhere.

    Parameters
    ----------
    texts : ndarray of object (str), shape (n,)
        Distinct texts.
    is_id : bool
        Ids can have the shape of a telephone number or a postcode, so that a few of that shape prove nothing.
    """
    if not len(texts):
        return []
    joined = "\n".join(texts)  # one search through all is much faster than one search each
    least = 0.5 if is_id else 0.0
    broken = {
        "nhs_number": holds_nhs_numbers(joined),
        "email_address": holds_emails(joined),
        "phone_number": _share_found(_PHONE, joined, len(texts)) > least,
        "full_postcode": _share_found(_POSTCODE, joined, len(texts)) > least,
        "person_name": holds_names(texts),
    }
    return [rule for rule, found in broken.items() if found]
