"""The command line: user verbs, and one stage verb per rule of the workflow."""
