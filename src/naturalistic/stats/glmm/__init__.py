"""The parts of the generalised mixed model engine, whose public face is `naturalistic.stats.generalised_mixed_model`."""
