"""Exports: every post or user that a caller may read, as one stream of rows."""
