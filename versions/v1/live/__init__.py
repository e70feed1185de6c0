"""Live connections in v1."""
