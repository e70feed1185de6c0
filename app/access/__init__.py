"""Identifies callers and what they are permitted to do."""
