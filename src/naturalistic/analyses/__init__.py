"""The analyses: one module = one question = one pure function, tables and settings in, estimates out."""
