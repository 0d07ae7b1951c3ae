"""Parts of the analysis that sets a cohort beside guidelines."""
