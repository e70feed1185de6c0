"""Webhooks in v1."""
