"""The parts of the linear mixed model engine, whose public face is `naturalistic.stats.linear_mixed_model`."""
