"""Parts of the analysis of access and waits."""
