"""Notifications in v1."""
