"""Background tasks in v1."""
