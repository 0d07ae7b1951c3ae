"""Parts of the outcome models: who changes, over which time, with whom, and how far the answer can be trusted."""
