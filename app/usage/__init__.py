"""Usage: what each consumer requested, by day, version and operation."""
