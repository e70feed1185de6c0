"""Builds frozen dataclasses without their constructor, which calls ``object.__setattr__`` for each field."""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


def fast_constructor(cls: type[T]) -> Callable[..., T]:
    """Return a function that builds instances of a frozen dataclass with slots from the values of all fields, in order.

    It builds an instance of a class that has the same slots and is not frozen, and changes its class: a quarter of the
    time. For views that a list has many of.
    """
    if hasattr(cls, "__post_init__"):
        message = f"{cls.__name__} has a __post_init__, which would not run"
        raise TypeError(message)
    mutable = make_dataclass(cls.__name__, [field.name for field in fields(cast("Any", cls))], slots=True)

    def build(*values: Any) -> T:
        built: Any = mutable(*values)
        built.__class__ = cls
        return cast("T", built)

    return build
