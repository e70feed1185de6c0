"""Rooms: users write messages to all who are present, and read those of the last day."""
