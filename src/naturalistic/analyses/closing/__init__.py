"""Parts of the analysis of what closing, keeping or extending a service would mean."""
