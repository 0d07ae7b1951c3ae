"""Parts of the shadow of the national metrics."""
