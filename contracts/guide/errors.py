"""The error of the guide generator."""


class GuideError(Exception):
    """A source is invalid. The message names the place and the cause, `advice` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
