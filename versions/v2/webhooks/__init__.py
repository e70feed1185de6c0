"""Webhook endpoints in v2."""
