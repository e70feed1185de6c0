"""Spares a response the second validation of a model that was validated when it was made."""

from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi._compat import ModelField  # FastAPI has no public name for the field of a response.
from pydantic import BaseModel


class MadeAnswer(ModelField):
    """The model of a response. What is an instance of it is taken as it is; anything else is validated as ever.

    FastAPI validates every answer, reading each attribute of each item, and a union of models once for each of them: a
    third of the price of a list.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        annotation = self.field_info.annotation
        members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        self._made = frozenset(
            member for member in members if isinstance(member, type) and issubclass(member, BaseModel)
        )

    def validate(self, value: Any, values: dict[str, Any] | None = None, *, loc: tuple[int | str, ...] = ()) -> Any:
        """The value, and the errors that it has."""
        return (value, []) if type(value) in self._made else super().validate(value, values or {}, loc=loc)


def made(field: ModelField | None) -> MadeAnswer | None:
    """The same field, for answers that handlers make."""
    return None if field is None else MadeAnswer(**{each.name: getattr(field, each.name) for each in fields(field)})
