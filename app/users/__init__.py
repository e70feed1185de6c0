"""Accounts: reading, editing, roles, removal."""
