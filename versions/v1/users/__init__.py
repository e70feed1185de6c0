"""Accounts in v1."""
