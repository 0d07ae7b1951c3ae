"""Rules on sessions, questionnaires and ratings."""

from __future__ import annotations

from naturalistic.cohort.rule import Rule

SESSIONS = (
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

FORMS = (
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

RATINGS = (
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
