"""Schemathesis against live servers, as every role: what the suite runs in little, and ``make test-deep`` at length."""
