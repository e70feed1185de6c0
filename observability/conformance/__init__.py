"""Checks a sample of real exchanges against the frozen contracts, off the response path: see ADR 5."""
