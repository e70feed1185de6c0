"""The ledger in v1."""
