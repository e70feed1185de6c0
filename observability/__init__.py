"""What happened, for whom and how long it took. Knows ASGI and nothing of the product."""
