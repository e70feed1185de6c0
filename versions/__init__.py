"""The API versions: one folder for each, all over the same core."""
