"""The compared applications: one factory each, served in a separate process."""
