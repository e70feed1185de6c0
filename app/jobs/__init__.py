"""Background jobs that users request: their states, their progress and their cancellation."""
