"""Posts: writing, reading, listing, searching."""
