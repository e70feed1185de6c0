"""Accounts in v2."""
