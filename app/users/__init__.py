"""Users: creating, reading, changing and deleting them."""
