"""Reads members of JSON with their types. Each error is one line that names the member."""

import math
from collections.abc import Iterator
from typing import Any

from contracts.compat.impact.summary import Number, Range
from contracts.compat.pointers import join


class NotUsage(Exception):
    """The content is not usage evidence."""


class Reader:
    """An object of the content, and its JSON pointer."""

    def __init__(self, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            raise NotUsage(f"`{pointer or '/'}` must be an object, got {_shown(value)}")
        self._value: dict[str, Any] = value
        self.pointer = pointer

    @property
    def names(self) -> list[str]:
        """The names of the members."""
        return list(self._value)

    def only(self, *names: str) -> None:
        """Raise ``NotUsage`` for a member with another name, which a newer format may have."""
        if unknown := [name for name in self._value if name not in names]:
            raise NotUsage(f"`{join(self.pointer, unknown[0])}` is not a member of this format")

    def at(self, name: str) -> "Reader":
        """An object, which is empty if it is absent."""
        return Reader(self._value.get(name, {}), join(self.pointer, name))

    def objects(self, name: str) -> Iterator["Reader"]:
        """Yield the objects of a list, which is empty if it is absent."""
        listed = self._value.get(name, [])
        if not isinstance(listed, list):
            raise self._wrong(name, "a list")
        for index, one in enumerate(listed):
            yield Reader(one, join(self.pointer, name, index))

    def text(self, name: str, default: str | None = None) -> str:
        """A text. Raises ``NotUsage`` if it is absent and has no default."""
        value = self._value.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def text_or_null(self, name: str) -> str | None:
        """A text, or None for null. Raises ``NotUsage`` if it is absent."""
        return None if name in self._value and self._value[name] is None else self.text(name)

    def hexadecimal(self, name: str) -> str:
        """A text of bytes in hexadecimal, which is empty if it is absent."""
        value = self.text(name, "")
        try:
            bytes.fromhex(value)
        except ValueError:
            raise self._wrong(name, "hexadecimal") from None
        return value

    def count(self, name: str) -> int:
        """A whole number, which is 0 if it is absent."""
        value = self._value.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(name, "a whole number of 0 or more")
        return value

    def counts(self, name: str) -> dict[str, int]:
        """Whole numbers by name."""
        inner = self.at(name)
        return {one: inner.count(one) for one in inner.names}

    def range(self, name: str) -> Range | None:
        """A list of two numbers, or None if it is absent."""
        value = self._value.get(name)
        if value is None:
            return None
        if not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]):  # noqa: PLR2004 - both bounds
            raise self._wrong(name, "a list of two numbers, the smaller one first")
        low: Number = value[0]
        high: Number = value[1]
        return low, high

    def _wrong(self, name: str, expected: str) -> NotUsage:
        found = _shown(self._value[name]) if name in self._value else "nothing"
        return NotUsage(f"`{join(self.pointer, name)}` must be {expected}, got {found}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."  # noqa: PLR2004 - fits into a line
