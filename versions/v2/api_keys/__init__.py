"""API keys in v2."""
