"""National data sets as their tables lie in files, turned into what the mapping machinery reads.

`reference/adapters/*.yaml` says which tables and columns a data set has and what each canonical column is made from.
Here the files are found (`files`), read (`source_tables`), merged to the latest version of each record (`versions`),
joined by their identifiers (`links`, `values`) and handed on as the files and the mapping of an ordinary extract
(`views`, `prepare`): from there on the rules, the gate and the account of rows are the same as for any extract.
"""

from __future__ import annotations

from naturalistic.cohort.adapters.files import input_files
from naturalistic.cohort.adapters.prepare import Prepared, prepare

__all__ = ["Prepared", "input_files", "prepare"]
