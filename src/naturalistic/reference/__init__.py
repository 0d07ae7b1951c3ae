"""Facts with source, date and status: instruments, NICE, benchmarks, code lists. Never code."""
