"""Parts of the analyses of attendance: who misses sessions, when, at what cost, and with which outcome."""
