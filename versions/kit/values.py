"""Types of request values that PostgreSQL can store, whatever a client sends."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from email_validator import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON implementation keeps exactly (RFC 8259, section 6)."""

NO_NUL: Final = r"^[^\x00]*$"
_INTEGER: Final = r"^[1-9][0-9]{0,15}$"


def _address(value: str) -> str:
    """An address in its one spelling. ``.test`` is let through: it gets no mail, and people try things with it."""
    return validate_email(value, check_deliverability=False, test_environment=True).normalized


Email = Annotated[
    str, StringConstraints(max_length=254), AfterValidator(_address), Field(json_schema_extra={"format": "email"})
]
Password = Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=NO_NUL)]


def text(*, min_length: int = 0, max_length: int) -> Any:
    """Text without NUL, which PostgreSQL cannot store. Lengths in code points."""
    return StringConstraints(min_length=min_length, max_length=max_length, pattern=NO_NUL)


def enum_list_pattern(names: Iterable[str], *, signed: bool = False) -> dict[str, str]:
    """The pattern of a list of names, separated by commas; ``signed`` lets each have a ``-`` in front.

    For the document: whoever takes the list answers with the names there are, which a broken pattern cannot.
    """
    name = f"{'-?' if signed else ''}({'|'.join(names)})"
    return {"pattern": f"^{name}(,{name})*$"}


def _in_range(value: str) -> int:
    number = int(value)
    if number > MAX_INTEGER:
        message = f"must not exceed {MAX_INTEGER}"
        raise ValueError(message)
    return number


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


IntegerInBody = Annotated[int, Field(strict=True, ge=1, le=MAX_INTEGER), BeforeValidator(_whole)]
"""A positive integer as JSON has it: ``1.0`` is one (JSON Schema 2020-12, 4.2.3), ``"1"`` and ``true`` are none."""
JsonBoolean = Annotated[bool, Strict()]
"""``true`` or ``false``: pydantic alone also takes ``0``, ``"off"`` and ``"n"``."""

IntegerInPath = Annotated[
    str,
    StringConstraints(pattern=_INTEGER),
    AfterValidator(_in_range),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}),
]
"""A positive integer as people write it: pydantic alone also takes ``+1``, ``1_000`` and ``1.0``."""
