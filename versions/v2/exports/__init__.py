"""Exports in v2."""
