"""Every rule an extract is held to: its name, what happens to what breaks it, and why.

The table in ``docs/how_to/map_an_extract.md`` is made from this registry by `rules_table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["stops", "row_set_aside", "cell_set_to_missing", "noted"]

ACTIONS = MappingProxyType(
    {
        "stops": "run stopped",
        "row_set_aside": "row set aside",
        "cell_set_to_missing": "cell set to missing",
        "noted": "kept as it is",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes
    ----------
    name : str
        Word in `validation.csv`.
    severity : {"stops", "row_set_aside", "cell_set_to_missing", "noted"}
        What happens to what breaks it.
    says : str
        What is wrong, to be read after "N rows: ".
    reason : str
        Why it is treated this way.
    advice : str
        What the user can do.
    """

    name: str
    severity: Severity
    says: str
    reason: str
    advice: str = ""

    @property
    def action(self) -> str:
        """What was done, in words."""
        return ACTIONS[self.severity]


_FILES = (
    Rule(
        "file_absent",
        "stops",
        "the file does not exist",
        "Nothing can be read.",
        "Put the file there, or correct its path under 'files'.",
    ),
    Rule(
        "file_unreadable",
        "stops",
        "the file cannot be read",
        "A file that is read halfway would give wrong counts.",
        "Save it again in the system it came from.",
    ),
    Rule(
        "file_without_rows",
        "stops",
        "the file has no row below its header",
        "An empty file is a failed export more often than an empty service.",
        "Export it again; leave the table out of the mapping if there is none.",
    ),
    Rule(
        "column_absent",
        "stops",
        "the file has no such column",
        "A mapping that points nowhere would give an empty column.",
        "Correct the name in the mapping.",
    ),
    Rule(
        "column_twice",
        "stops",
        "two columns of the file have this name",
        "Which of them is meant is not known.",
        "Rename one of them in the file.",
    ),
    Rule(
        "quote_not_closed",
        "stops",
        "a quotation mark opens a cell that runs over several lines and spoils the row",
        "Rows after it would be swallowed.",
        "Mend the quotation marks in that row.",
    ),
    Rule(
        "row_wrong_length",
        "row_set_aside",
        "the row has more or fewer cells than the header",
        "Its cells cannot be told apart.",
        "A delimiter inside a cell needs quotation marks around the cell.",
    ),
    Rule(
        "most_rows_wrong_length",
        "stops",
        "more than half of the rows have more or fewer cells than the header",
        "The delimiter or the header row is likely to be wrong.",
        "Set 'delimiter' and 'header_row' of the file.",
    ),
    Rule(
        "encoding_assumed",
        "noted",
        "the file is not UTF-8; it was read as Windows-1252",
        "Windows-1252 is what Excel writes in the United Kingdom.",
        "Set 'encoding' of the file if accented letters look wrong.",
    ),
)

_CELLS = (
    Rule(
        "code_unknown",
        "cell_set_to_missing",
        "hold a code that is not in the mapping",
        "A code nobody explained must not be guessed.",
        'Add the code to "codes", or list it under "missing_codes".',
    ),
    Rule(
        "most_codes_unknown",
        "stops",
        "hold a code that is not in the mapping",
        "More than half of a column unexplained means that the codes do not belong to it.",
        'Add the codes to "codes", or list them under "missing_codes".',
    ),
    Rule(
        "number_unreadable",
        "cell_set_to_missing",
        "do not hold a number",
        "Text cannot be counted with.",
        'List words that stand for a missing value under "missing_codes".',
    ),
    Rule(
        "most_numbers_unreadable",
        "stops",
        "do not hold a number",
        "More than half of a column of words means that the column is not a number.",
        "Check which column is meant; give its words numbers under 'codes'.",
    ),
    Rule(
        "number_not_whole",
        "cell_set_to_missing",
        "hold a fraction where a whole number belongs",
        "Rounding would invent a value.",
        "Check which column is meant.",
    ),
    Rule(
        "number_out_of_range",
        "cell_set_to_missing",
        "hold a number outside the possible range",
        "An impossible value is an entry error; its true value is not known.",
        'List numbers that stand for a missing value (such as 999) under "missing_codes".',
    ),
    Rule(
        "date_unreadable",
        "cell_set_to_missing",
        "do not hold a date in the format of the mapping",
        "A date read in another order would be a wrong date.",
        "Check 'date_format'.",
    ),
    Rule(
        "most_dates_unreadable",
        "stops",
        "do not hold a date in the format of the mapping",
        "More than half of a column unreadable means that the format is wrong.",
        "Correct 'date_format'.",
    ),
    Rule(
        "date_order",
        "stops",
        "hold dates that only fit another order than the mapping says",
        "Day and month would be swapped wherever both are 12 or less.",
        "Correct 'date_format'.",
    ),
    Rule(
        "date_far_past",
        "cell_set_to_missing",
        "hold a date before 1980",
        "Such dates are fillers (1 January 1900) or dates of birth.",
        "List a filler under 'missing_codes'.",
    ),
    Rule(
        "date_far_future",
        "cell_set_to_missing",
        "hold a date more than two years after the data cut",
        "Such dates are fillers (31 December 2099) or typing errors.",
        "List a filler under 'missing_codes'.",
    ),
    Rule(
        "date_after_data_cut",
        "cell_set_to_missing",
        "hold a date after the data cut",
        "What happens after the data cut was not yet known at it.",
        "Check 'data_cut'.",
    ),
    Rule(
        "days_without_start",
        "cell_set_to_missing",
        "count days from a referral that has no date",
        "Days can only be placed from a day.",
        "Map referrals.received_date, or set 'calendar: relative'.",
    ),
    Rule(
        "postcode_unreadable",
        "cell_set_to_missing",
        "do not hold a postcode",
        "Only the first half of a postcode may be kept, and none was found.",
    ),
    Rule(
        "data_cut_assumed",
        "noted",
        "no data cut is given; the latest date found was taken",
        "Who is still in therapy depends on the day the extract was made.",
        "Set 'data_cut' to the day the extract was made.",
    ),
)

_PATIENTS = (
    Rule(
        "patient_id_missing",
        "row_set_aside",
        "have no patient id",
        "Without it the row belongs to nobody.",
    ),
    Rule(
        "patient_repeated",
        "row_set_aside",
        "repeat a person",
        "One row a person is needed; their cells were merged into the first.",
    ),
    Rule(
        "patient_conflict",
        "cell_set_to_missing",
        "belong to a person whose rows contradict each other equally often",
        "The value of the earliest referral counts, then the most frequent; here neither decides.",
    ),
    Rule(
        "born_after_referral",
        "cell_set_to_missing",
        "have a date of birth after the first referral",
        "The age cannot be known from an impossible date of birth.",
    ),
    Rule(
        "age_without_referral_date",
        "cell_set_to_missing",
        "have a date of birth but no dated referral",
        "Age is counted at the first referral.",
        "Map referrals.received_date.",
    ),
    Rule(
        "patient_without_referral",
        "noted",
        "belong to a person without a usable referral",
        "The person is in no analysis of referrals.",
    ),
)

_REFERRALS = (
    Rule(
        "referral_id_missing",
        "row_set_aside",
        "have no referral id or no patient id",
        "Without them nothing can be linked to the row.",
    ),
    Rule(
        "referral_without_patient",
        "row_set_aside",
        "belong to a person who is not in patients",
        "People are taken out of an extract on purpose, for instance when they opt out.",
        "Check that both files use the same patient ids.",
    ),
    Rule(
        "most_referrals_without_patient",
        "stops",
        "belong to a person who is not in patients",
        "More than half unmatched means that the two files do not use the same ids.",
        "Check which columns hold the patient id.",
    ),
    Rule(
        "referral_of_two_people",
        "stops",
        "share a referral id with a row of another person",
        "Sessions and forms could be given to the wrong person.",
        "Check which column holds the referral id.",
    ),
    Rule(
        "referral_repeated",
        "row_set_aside",
        "repeat a referral",
        "One row a referral is needed; their cells were merged into the first.",
    ),
    Rule(
        "referral_conflict",
        "cell_set_to_missing",
        "belong to a referral whose rows contradict each other equally often",
        "The most frequent value counts; here none is more frequent.",
        "Check that the file has one row a referral.",
    ),
    Rule(
        "referral_after_data_cut",
        "row_set_aside",
        "were received after the data cut",
        "They belong to the next extract.",
        "Check 'data_cut'.",
    ),
    Rule(
        "discharge_before_referral",
        "cell_set_to_missing",
        "end before they start",
        "One of the two dates is wrong; the start is supported by the sessions.",
    ),
    Rule(
        "last_session_before_first",
        "cell_set_to_missing",
        "have a last session before the first",
        "One of the two dates is wrong; which one is not known, so the last is dropped.",
    ),
    Rule(
        "step_before_referral",
        "noted",
        "have been accepted, assessed or seen before the referral was received",
        "Referrals are often entered some days late; a wait below zero is not counted.",
    ),
    Rule(
        "step_after_discharge",
        "noted",
        "have been accepted, assessed or seen after discharge",
        "Discharges are often entered with an earlier date; nothing shows which date is wrong.",
    ),
    Rule(
        "discharge_without_ending",
        "noted",
        "have a discharge date but no ending",
        "The ending is counted as not recorded.",
    ),
    Rule(
        "ending_without_discharge",
        "noted",
        "have an ending but no discharge date",
        "The last contact stands for the day of the ending.",
    ),
    Rule(
        "referrals_overlap",
        "noted",
        "start before an earlier referral of the same person has ended",
        "Episodes at the same time are possible, but often one course of therapy entered twice.",
    ),
    Rule(
        "therapist_in_two_services",
        "noted",
        "have a therapist who also works in another service",
        "Either a person with two posts, or two people with one code: therapist effects mix them.",
        "Put the service in front of the therapist's code if codes are local.",
    ),
)

_LINKED = (
    Rule(
        "session_orphan",
        "row_set_aside",
        "belong to no referral of the extract",
        "Nothing is known about the person or the course of therapy.",
    ),
    Rule(
        "most_sessions_orphan",
        "stops",
        "belong to no referral of the extract",
        "More than half unmatched means that the files do not use the same ids.",
        "Check which columns hold the referral and the patient id.",
    ),
    Rule(
        "form_orphan",
        "row_set_aside",
        "belong to no referral of the extract",
        "Nothing is known about the person or the course of therapy.",
    ),
    Rule(
        "most_forms_orphan",
        "stops",
        "belong to no referral of the extract",
        "More than half unmatched means that the files do not use the same ids.",
        "Check which columns hold the referral and the patient id.",
    ),
    Rule(
        "rating_orphan",
        "row_set_aside",
        "belong to no referral of the extract",
        "Nothing is known about the person or the course of therapy.",
    ),
    Rule(
        "most_ratings_orphan",
        "stops",
        "belong to no referral of the extract",
        "More than half unmatched means that the files do not use the same ids.",
        "Check which columns hold the referral and the patient id.",
    ),
    Rule(
        "referral_of_another_person",
        "row_set_aside",
        "name a referral that belongs to another person than the one they name",
        "The row would be given to the wrong person.",
    ),
    Rule(
        "referral_ambiguous",
        "row_set_aside",
        "name a person with several referrals and fit none or more than one of them by date",
        "The row could be given to the wrong course of therapy.",
        "Map referral_id.",
    ),
    Rule(
        "referral_set_aside",
        "row_set_aside",
        "belong to a referral that was set aside",
        "What belongs to it goes with it.",
    ),
)

_SESSIONS = (
    Rule(
        "session_without_date",
        "row_set_aside",
        "have no usable date",
        "A contact that cannot be placed in time cannot be counted on any clock.",
    ),
    Rule(
        "session_after_data_cut",
        "row_set_aside",
        "lie after the data cut",
        "Bookings in the future have not happened yet.",
    ),
    Rule(
        "session_before_referral",
        "row_set_aside",
        "lie more than 31 days before the referral was received",
        "They belong to an earlier course of therapy or carry a wrong date.",
    ),
    Rule(
        "session_shortly_before_referral",
        "noted",
        "lie up to 31 days before the referral was received",
        "Referrals are often entered some days late.",
    ),
    Rule(
        "session_after_discharge",
        "noted",
        "lie after discharge",
        "Discharges are often entered with an earlier date; the session is kept.",
    ),
    Rule(
        "session_repeated",
        "row_set_aside",
        "repeat another session in every mapped column",
        "The same contact exported twice would count twice.",
    ),
    Rule(
        "two_sessions_attended_same_day",
        "noted",
        "are one of several sessions attended by one person on one day",
        "Possible (individual and group), but often one contact entered twice.",
    ),
    Rule(
        "attendance_missing",
        "noted",
        "do not say whether the session took place",
        "They count as booked, but neither as attended nor as missed.",
    ),
    Rule(
        "contact_type_missing",
        "noted",
        "do not say what the contact was for",
        "They are kept as 'other' and not counted as treatment.",
    ),
)

_FORMS = (
    Rule(
        "form_empty",
        "row_set_aside",
        "hold a form without any answer",
        "An empty form says nothing.",
    ),
    Rule(
        "form_column_empty",
        "noted",
        "the columns of this form are empty in every row",
        "The form was never completed, or the columns are not the right ones.",
    ),
    Rule(
        "form_without_time",
        "row_set_aside",
        "hold a form with neither date nor occasion nor session",
        "Whether it came before or after therapy is not known.",
    ),
    Rule(
        "instrument_missing",
        "row_set_aside",
        "do not say which questionnaire was completed",
        "An answer without its questionnaire cannot be scored.",
    ),
    Rule(
        "item_unknown",
        "row_set_aside",
        "hold the answer to an item that the questionnaire does not have",
        "It cannot be scored.",
    ),
    Rule(
        "scale_unknown",
        "row_set_aside",
        "hold a score of a scale that the questionnaire does not have",
        "Its range and direction are not known.",
        "Give the scale one of the keys of the instrument under 'codes'.",
    ),
    Rule(
        "item_column_absent",
        "noted",
        "the file has no column for these items",
        "The items count as not answered; scales that allow too few missing items are not scored.",
    ),
    Rule(
        "item_out_of_range",
        "cell_set_to_missing",
        "hold an answer that the item does not offer",
        "An impossible answer is an entry error; the true answer is not known.",
        'List numbers that stand for a missing answer under "missing_codes".',
    ),
    Rule(
        "items_shifted",
        "stops",
        "hold answers that run one above the range of the questionnaire",
        "Answers coded from 1 instead of 0 would be scored one point too high each.",
        "Give the answers their numbers under 'codes'.",
    ),
    Rule(
        "score_out_of_range",
        "cell_set_to_missing",
        "hold a score outside the range of the scale",
        "An impossible score is an entry error or another unit.",
        "If the whole column is in another unit, set 'multiply_by'.",
    ),
    Rule(
        "most_scores_out_of_range",
        "stops",
        "hold a score outside the range of the scale",
        "More than half out of range means another unit or another questionnaire.",
        "Set 'multiply_by', or correct the instrument or scale.",
    ),
    Rule(
        "scores_look_like_item_means",
        "stops",
        "hold scores that all lie within the range of a single item",
        "The scale is the mean of the items times ten; these look like means not yet multiplied.",
        "Set 'multiply_by: 10', or say 'multiply_by: 1' if the scores are right.",
    ),
    Rule(
        "answer_repeated",
        "row_set_aside",
        "repeat an answer of the same form",
        "The same answer exported twice would count twice.",
    ),
    Rule(
        "answer_conflict",
        "row_set_aside",
        "give another answer to the same item or scale of the same form",
        "Which answer is right is not known.",
    ),
    Rule(
        "two_forms_at_once",
        "row_set_aside",
        "hold a second form of one questionnaire at the same time",
        "The more complete form is kept; of two equally complete and different ones, neither.",
    ),
    Rule(
        "form_after_data_cut",
        "row_set_aside",
        "hold a form dated after the data cut",
        "Its date cannot be right.",
    ),
    Rule(
        "form_before_referral",
        "noted",
        "hold a form dated before the referral was received",
        "Whether it counts as the first form follows the windows of the settings.",
    ),
    Rule(
        "form_after_discharge",
        "noted",
        "hold a form dated after discharge",
        "Whether it counts as the last form follows the settings.",
    ),
)

_RATINGS = (
    Rule(
        "rating_incomplete",
        "row_set_aside",
        "do not say what was rated or when",
        "A rating needs its kind, its subject and its occasion.",
    ),
    Rule(
        "rating_repeated",
        "row_set_aside",
        "repeat a rating",
        "The same rating exported twice would count twice.",
    ),
    Rule(
        "rating_conflict",
        "row_set_aside",
        "give another rating of the same thing at the same time",
        "Which rating is right is not known.",
    ),
)

_GATE = (
    Rule(
        "nhs_number", "stops", "holds NHS numbers", "An NHS number identifies a person everywhere."
    ),
    Rule("person_name", "stops", "holds names of people", "A name identifies a person."),
    Rule(
        "full_postcode",
        "stops",
        "holds full postcodes",
        "About 15 households share a full postcode.",
    ),
    Rule(
        "date_of_birth",
        "stops",
        "holds dates of birth",
        "With sex and area a date of birth identifies most people.",
    ),
    Rule("phone_number", "stops", "holds telephone numbers", "A number reaches one person."),
    Rule("email_address", "stops", "holds e-mail addresses", "An address reaches one person."),
)

RULES = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            *_FILES,
            *_GATE,
            *_CELLS,
            *_PATIENTS,
            *_REFERRALS,
            *_LINKED,
            *_SESSIONS,
            *_FORMS,
            *_RATINGS,
        )
    }
)


def rules_table() -> str:
    """Every rule as a Markdown table."""
    lines = ["| rule | rows or cells that ... | what happens | why |", "|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.says} | {r.action} | {r.reason} |" for r in RULES.values()]
    return "\n".join(lines) + "\n"
