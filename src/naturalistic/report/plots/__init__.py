"""Kinds of figure: plain numbers and words in, SVG text out."""
