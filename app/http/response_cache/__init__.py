"""Stores finished responses to anonymous reads."""
