"""Secondary suppression: which further counts must not be seen so that a withheld one cannot be worked out."""
