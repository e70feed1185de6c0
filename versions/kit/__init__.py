"""Mechanics that versions share. Nothing here has a field of anybody's wire format."""
