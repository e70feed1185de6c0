"""Uploads: multipart forms that are stored while they arrive."""
