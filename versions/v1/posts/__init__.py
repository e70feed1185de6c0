"""Posts in v1."""
