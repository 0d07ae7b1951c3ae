"""Completed questionnaires, long or wide, read as forms and their answers."""

from __future__ import annotations

from naturalistic.cohort.answers import Catalogue
from naturalistic.cohort.apply_mapping import ColumnReader
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.form_block import FormBlock
from naturalistic.cohort.forms_long import forms_in_rows
from naturalistic.cohort.forms_wide import forms_in_columns
from naturalistic.cohort.plan import all_forms
from naturalistic.settings.mapping import QuestionnaireMap


def read_forms(
    reader: ColumnReader,
    block: QuestionnaireMap,
    catalogue: Catalogue,
    chain: Chain,
    *,
    alone: bool,
) -> FormBlock:
    """The forms of one block of the mapping.

    Parameters
    ----------
    reader : ColumnReader
        Of the block's file.
    block : QuestionnaireMap
        The block; its ids already filled in where the file is shared with the referrals.
    catalogue : Catalogue
        Every known instrument.
    chain : Chain
        Account of the rows, as far as reading the file.
    alone : bool
        The file holds nothing but forms: a row without an answer is then listed as an empty form.
    """
    if all_forms(block):
        return forms_in_columns(reader, block, catalogue, chain, alone=alone)
    return forms_in_rows(reader, block, catalogue, chain)
