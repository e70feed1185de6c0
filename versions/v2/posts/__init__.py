"""Posts in v2."""
