"""Impact analysis in v2."""
