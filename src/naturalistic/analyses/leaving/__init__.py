"""Parts of the analyses of dropout and of the length of therapy."""
