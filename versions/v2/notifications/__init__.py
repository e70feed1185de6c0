"""Notifications in v2."""
