"""The choices of a run: closed, frozen models of the configuration and of each cohort's mapping."""
