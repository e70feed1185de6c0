"""Schemathesis against live servers as every role: briefly in the suite, at length in ``make test-deep``."""
