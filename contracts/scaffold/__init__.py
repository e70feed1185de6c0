"""Adds, promotes and removes versions in a checkout: every file about a version bears its name."""
