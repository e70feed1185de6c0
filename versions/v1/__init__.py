"""v1, deprecated and frozen."""
