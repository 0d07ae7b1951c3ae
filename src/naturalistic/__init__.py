"""naturalistic: evidence from routine psychological therapy services."""

__version__ = "0.1.0"
