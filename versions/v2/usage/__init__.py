"""Usage in v2."""
