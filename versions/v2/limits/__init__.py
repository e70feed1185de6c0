"""Rate limits in v2."""
