"""Posts: writing, reading, listing and searching."""
