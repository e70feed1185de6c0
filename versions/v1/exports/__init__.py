"""Exports in v1."""
