"""A number of places of one process."""


class Slots:
    """How many requests of one kind the process may serve at once, and how many it serves now."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
