"""From a trust's extract to analysis tables."""
