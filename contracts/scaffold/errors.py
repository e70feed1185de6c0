"""The error of the commands that add, promote and remove versions."""


class ScaffoldError(Exception):
    """``advice`` is a sentence that says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice
