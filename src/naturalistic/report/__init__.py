"""Released estimates to figures, words and one document."""
