"""The log of events in v2."""
