"""The applications that are compared: one factory each, served by a process of its own."""
