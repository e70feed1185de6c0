"""Files in v1."""
