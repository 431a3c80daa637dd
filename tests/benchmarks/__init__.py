"""Benchmarks: print tables, never fail a test run on a time."""
