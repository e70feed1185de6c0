"""Parses texts in requests and headers to JSON values, by the types in their schema."""

import re
from collections.abc import Sequence
from typing import Final

from observability.conformance.operation import Parameter
from observability.conformance.schemas import Json

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST_DIGITS: Final = 300
"""Longer integers are slow to parse, and outside the bounds of every contract."""
_WORDS: Final = {"true": True, "false": False}


def value_of(parameter: Parameter, texts: Sequence[str]) -> Json:
    """Return the value of a parameter; ``texts`` are all values with its name, at least one.

    A text that does not match the schema's types stays a text, which the schema then rejects. If one value is expected,
    the last one counts, as in the server. A list with commas that is sent repeatedly is the union, as in the server.
    """
    if "array" in parameter.kinds:
        parts = texts if parameter.exploded and parameter.place in {"query", "form"} else ",".join(texts).split(",")
        return [_one(part, parameter.item_kinds) for part in parts]
    return _one(texts[-1], parameter.kinds)


def _one(text: str, kinds: frozenset[str]) -> Json:
    if len(text) <= _MOST_DIGITS:
        if kinds & {"integer", "number"} and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in kinds and _NUMBER.fullmatch(text):
            return float(text)
    if "boolean" in kinds and text in _WORDS:
        return _WORDS[text]
    return text
