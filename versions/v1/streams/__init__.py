"""Streams of events in v1."""
