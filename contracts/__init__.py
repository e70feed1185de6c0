"""What was promised, and the proof that it is kept."""
