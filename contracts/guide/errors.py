"""What the generator of guides says when its sources are wrong."""


class GuideError(Exception):
    """A source cannot be read: where and why, and what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
