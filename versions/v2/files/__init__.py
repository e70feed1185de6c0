"""Files in v2."""
