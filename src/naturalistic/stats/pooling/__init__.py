"""Parts of the engine that pools estimates across services."""
