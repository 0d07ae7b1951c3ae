"""The contract of every table: columns, types, units, meaning, checks."""
