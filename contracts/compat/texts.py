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


def json_key(value: Any) -> str:
    """The JSON text of a value: the same for 1 and 1.0, and another for true."""
    return json.dumps(_with_integers(value), ensure_ascii=False, sort_keys=True)


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_integers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_integers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
