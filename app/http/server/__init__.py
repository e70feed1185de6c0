"""Limits on connections, before a request is parsed."""
