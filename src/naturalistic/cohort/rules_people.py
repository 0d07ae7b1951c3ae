"""Rules on patients, referrals and what is linked to them."""

from __future__ import annotations

from naturalistic.cohort.rule import Rule

PATIENTS = (
    Rule(
        "patient_id_missing",
        "row_set_aside",
        "have no patient id",
        "Without it the row belongs to nobody.",
    ),
    Rule(
        "ids_alike",
        "noted",
        "hold an id that differs from another one in capitals or leading zeros alone",
        "Two people, or one written in two ways: the extract does not say.",
        "Where it is one person, write ids_ignore: [capitals] (or [leading_zeros]) at the top of the mapping.",
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
        "The value of the earliest dated row counts, then the most frequent; here neither decides.",
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

REFERRALS = (
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

LINKED = (
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
