"""What a text in a request or in a header stands for in JSON, by the types that its schema speaks of."""

import re
from collections.abc import Sequence
from typing import Final

from observability.conformance.operation import Parameter
from observability.conformance.schemas import Json

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST_DIGITS: Final = 300
"""More make an integer slow to read, and are within no bound of a contract."""
_WORDS: Final = {"true": True, "false": False}


def value_of(parameter: Parameter, texts: Sequence[str]) -> Json:
    """The value that a client meant; ``texts`` are all that came under the name, at least one.

    A text that cannot be what the schema wants stays a text, which the schema then refuses. Of several where one is
    wanted, the last counts, as it does for the server.
    """
    if "array" in parameter.kinds:
        parts = texts if parameter.exploded and parameter.place in {"query", "form"} else texts[-1].split(",")
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
