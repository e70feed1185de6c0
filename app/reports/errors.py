"""Errors of the feature."""

from typing import Final

from app.errors import FieldError, InvalidValue

MAX_DAYS: Final = 366


class InvalidPeriod(InvalidValue):
    code = "invalid_period"
    detail = f"The period must not end before it starts, and has at most {MAX_DAYS} days."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("params", "end_date"), self.code, self.detail)])
