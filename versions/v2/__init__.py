"""v2, the current version."""
