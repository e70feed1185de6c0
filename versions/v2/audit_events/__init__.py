"""The audit trail in v2."""
