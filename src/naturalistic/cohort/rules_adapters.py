"""Rules on the tables of a national data set."""

from __future__ import annotations

from naturalistic.cohort.rule import Rule

ADAPTERS = (
    Rule(
        "table_absent",
        "stops",
        "the folder holds no such table",
        "Nothing can be made without it.",
        "Put the table there, with the name of the table in the name of its file or sheet; or correct 'folder'.",
    ),
    Rule(
        "table_column_absent",
        "stops",
        "the table has no such column",
        "The table cannot be used without it.",
        "Ask for the column in the extract, under one of these names.",
    ),
    Rule(
        "table_columns_unread",
        "noted",
        "columns of the table are not in the extract",
        "What they would have said stays missing.",
        "Nothing to do if the service does not record them; else ask for them in the extract, under one of these names.",
    ),
    Rule(
        "assessments_absent",
        "noted",
        "the folder holds no table of scored assessments",
        "No change can be measured without them.",
        "Put one of these tables there.",
    ),
    Rule(
        "submissions_by_name",
        "noted",
        "nothing but the names of the files says which submission is later",
        "The last by name was taken for the latest version of a record.",
        "Keep the table of submission headers beside the tables, or name the files by their month (2024-03).",
    ),
    Rule(
        "several_providers",
        "stops",
        "the extract holds several providers, and identifiers that only one provider understands",
        "Two people could share an identifier.",
        "Ask for the identifiers that are unique everywhere, or put each provider into a cohort of its own.",
    ),
    Rule(
        "no_referral_to_teams",
        "stops",
        "no referral is to one of the teams of the mapping",
        "An empty cohort is a wrong team more often than an empty team.",
        "Correct 'adapter.teams'.",
    ),
    Rule(
        "tool_code_unknown",
        "row_set_aside",
        "hold a SNOMED code of a questionnaire that nobody mapped",
        "Which questionnaire it is must not be guessed.",
        "Name it under 'adapter.tools', or write 'none' there if it is not to be read.",
    ),
    Rule(
        "therapy_code_unknown",
        "noted",
        "hold a SNOMED code of a procedure that is on no list",
        "Whether it is a therapy must not be guessed; it counts for none.",
        "Name it under 'adapter.therapies' if it is one.",
    ),
)
