"""The ledger in v2."""
