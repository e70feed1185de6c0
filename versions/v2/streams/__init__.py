"""Streams of events in v2."""
