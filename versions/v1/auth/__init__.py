"""Sign-in in v1."""
