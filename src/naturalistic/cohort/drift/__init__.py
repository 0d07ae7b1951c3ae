"""What changed since the last extract of a cohort: profiles without any patient's value, and their comparison."""
