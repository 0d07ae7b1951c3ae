"""The parts of the hazard regressions (Cox, Fine-Gray, discrete time, frailty), below their public modules."""
