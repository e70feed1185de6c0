"""Errors of query parameters that name fields or types."""

from collections.abc import Collection

from app.errors import FieldError, Malformed


class InvalidChoice(Malformed):
    code = "invalid_choice"

    def __init__(self, parameter: str, known: Collection[str]) -> None:
        detail = f"{parameter} takes {', '.join(sorted(known))}, separated by commas."
        super().__init__(detail, fields=[FieldError((parameter,), self.code, detail, "query")])
