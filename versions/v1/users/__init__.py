"""Users in v1."""
