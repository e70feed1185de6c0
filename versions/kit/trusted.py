"""Builds response models from values whose types are known, without validating them again.

pydantic's constructor validates, and its ``model_construct`` loops over all fields in Python; both take twice as long.
"""

from typing import Any, Final, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
_set: Final = object.__setattr__


def trusted(model: type[M], members: dict[str, Any]) -> M:
    """Return an instance that has exactly these members, of the types and in the order that the model declares."""
    built = model.__new__(model)
    _set(built, "__dict__", members)
    _set(built, "__pydantic_fields_set__", set(members))
    _set(built, "__pydantic_extra__", None)
    _set(built, "__pydantic_private__", None)
    return built
