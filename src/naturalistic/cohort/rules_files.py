"""Rules on files, on what identifies people, and on single cells."""

from __future__ import annotations

from naturalistic.cohort.rule import Rule

FILES = (
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
        "Write which one is meant: 'NAME (1)' or 'NAME (2)', counted from the left.",
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
        "have more or fewer cells than the header",
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
        "header_repeated",
        "row_set_aside",
        "repeat the names of the columns",
        "Exports made page by page repeat their header; it is nobody's row.",
    ),
    Rule(
        "row_below_the_table",
        "row_set_aside",
        "stand below the table: a total in place of an id, or a note alone in the row",
        "A total is nobody's row and would count as a person.",
    ),
    Rule(
        "encoding_assumed",
        "noted",
        "the file is not UTF-8; it was read as Windows-1252",
        "Windows-1252 is what Excel writes in the United Kingdom.",
        "Set 'encoding' of the file if accented letters look wrong.",
    ),
)

GATE = (
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

CELLS = (
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
        "decimal_sign",
        "stops",
        "hold numbers with another decimal sign than the mapping says",
        "Only some numbers have decimals: read without them, those scores alone would be lost.",
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
        "date_orders_mixed",
        "stops",
        "hold dates with day and month the other way round than the mapping says",
        "Where both are 12 or less nothing shows which order a date follows, so that some would be read wrongly.",
        "Ask for the column again as year-month-day, or leave it out.",
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
