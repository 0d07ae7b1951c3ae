"""Parts of the analysis of equity."""
