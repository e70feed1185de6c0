"""Background jobs in v2."""
