"""Live connections in v2."""
