"""Errors of the feature."""

from app.errors import FieldError, Malformed


class TrailerNotSupported(Malformed):
    code = "trailer_not_supported"
    detail = "Only application/x-ndjson has a trailer."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("trailer",), self.code, self.detail, "query")])
