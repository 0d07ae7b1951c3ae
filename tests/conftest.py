"""Settings of the whole test run."""

from __future__ import annotations

from hypothesis import settings

# the same examples on every machine, and no clock: a busy machine must not fail a test
settings.register_profile("naturalistic", derandomize=True, deadline=None)
settings.load_profile("naturalistic")
