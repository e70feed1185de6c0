"""Formats the values of documents for messages."""

import json
from collections.abc import Mapping
from typing import Any, Final

_MAX_TEXT: Final = 60


def format_values(values: Mapping[str, Any]) -> str:
    """The values of a mapping, separated by commas and shortened."""
    return _shorten(", ".join(format_value(value) for value in values.values()))


def format_value(value: Any) -> str:
    """A value as JSON, shortened."""
    return _shorten(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
