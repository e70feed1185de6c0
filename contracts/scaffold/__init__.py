"""Adds, promotes and removes versions in a checkout: whatever is about a version bears its name."""
