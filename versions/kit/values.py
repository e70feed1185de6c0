"""Types of request values. They reject everything that PostgreSQL cannot store."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from email_validator import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON implementation represents exactly (RFC 8259, section 6)."""

NO_NUL: Final = r"^[^\x00]*$"
_INTEGER: Final = r"^[1-9][0-9]{0,15}$"
_RFC_3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FULL_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SIGNED_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)


def _address(value: str) -> str:
    """Returns the normalized e-mail address. ``.test`` is accepted: it receives no mail and serves for experiments."""
    return validate_email(value, check_deliverability=False, test_environment=True).normalized


def _distinct(value: list[Any]) -> list[Any]:
    if len(set(value)) < len(value):
        kind = "duplicate_items"
        message = "List should have no item twice"
        raise PydanticCustomError(kind, message)
    return value


Email = Annotated[
    str, StringConstraints(max_length=254), AfterValidator(_address), Field(json_schema_extra={"format": "email"})
]
Password = Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=NO_NUL)]


def text(*, min_length: int = 0, max_length: int) -> Any:
    """Text without NUL, which PostgreSQL cannot store. Lengths in code points."""
    return StringConstraints(min_length=min_length, max_length=max_length, pattern=NO_NUL)


def _in_range(value: str) -> int:
    number = int(value)
    if number > MAX_INTEGER:
        message = f"must not exceed {MAX_INTEGER}"
        raise ValueError(message)
    return number


def _decimal(value: object) -> object:
    if isinstance(value, str) and _SIGNED_INTEGER.fullmatch(value) is None:
        kind = "int_parsing"
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise PydanticCustomError(kind, message)
    return value


def _whole(value: object) -> object:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _moment(value: object) -> object:
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        kind = "datetime_parsing"
        message = "Input should be a time with a zone (RFC 3339), such as 2026-11-23T12:00:00Z"
        raise PydanticCustomError(kind, message)
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time with a zone (RFC 3339). Pydantic's default also accepts numbers, dates and times without a zone."""


def _day(value: object) -> object:
    if not isinstance(value, str) or _FULL_DATE.fullmatch(value) is None:
        kind = "date_parsing"
        message = "Input should be a date (RFC 3339), such as 2026-11-23"
        raise PydanticCustomError(kind, message)
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A date (RFC 3339). Pydantic's default also accepts numbers and times at midnight."""
WHOLE: Final = BeforeValidator(_whole)
"""After ``Field(strict=True, ...)`` in the annotation of an integer in a body: accepts ``1.0`` (JSON Schema 2020-12,
4.2.3), rejects ``"1"`` and ``true``."""
IntegerInBody = Annotated[int, Field(strict=True, ge=1, le=MAX_INTEGER), WHOLE]
"""A positive JSON integer."""
DISTINCT: Final = AfterValidator(_distinct)
"""In the annotation of a list of hashable items: none is there twice."""
JsonBoolean = Annotated[bool, Strict()]
"""``true`` or ``false``. Pydantic's default also accepts ``0``, ``"off"`` and ``"n"``."""

IntegerInPath = Annotated[
    str,
    StringConstraints(pattern=_INTEGER),
    AfterValidator(_in_range),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}),
]
"""A positive decimal integer. Pydantic's default also accepts ``+1``, ``1_000`` and ``1.0``."""
DECIMAL: Final = BeforeValidator(_decimal)
"""After ``Query`` in the annotation of an integer: rejects spellings that a path rejects too."""
