"""Users in v2."""
