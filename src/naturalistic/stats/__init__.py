"""Statistics: arrays in, frozen results out. Knows no therapy, no table and no file."""
