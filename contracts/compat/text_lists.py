"""Describes a list that is sent as one text, such as `a,b`, as a string, to compare it with a string parameter."""

import re
from typing import Any, Final

from contracts.compat.document import Node
from contracts.compat.normalized_schema import NormalizedSchema, Schema
from contracts.compat.normalizer import SchemaNormalizer
from contracts.compat.texts import json_key

_DELIMITERS: Final = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


def delimiter_of(style: str, *, explode: bool) -> str | None:
    """The text between the items of a list, or None if each item is a parameter of its own."""
    if explode and style != "simple":
        return None
    return _DELIMITERS.get(style)


def as_string(normalizer: SchemaNormalizer, schema: Schema, delimiter: str) -> Schema | None:
    """The string schema of the texts that a list is sent as, or None if that is not a pattern."""
    listed = normalizer.normalize(schema)
    if listed.types != {"array"} or listed.prefix or listed.unions or listed.others or "uniqueItems" in listed.limits:
        return None
    items = NormalizedSchema("") if listed.items is None else normalizer.normalize(listed.items)
    if items.enum is not None:
        words = "|".join(re.escape(one if isinstance(one, str) else json_key(one)) for one in items.enum.values())
        least, most = (int(listed.limits.get(name, (0, ""))[0]) for name in ("minItems", "maxItems"))
        more = f"{{{max(least - 1, 0)},{most - 1 if most else ''}}}"
        text = f"({words})({re.escape(delimiter)}({words})){more}"
        described: dict[str, Any] = {"type": "string", "pattern": f"^{text}$" if least else f"^({text})?$"}
    elif items.types >= {"string"} and not (items.limits or items.patterns or items.formats or listed.limits):
        described = {"type": "string"}
    else:
        return None
    return Schema.of(Node(described, schema.pointer), schema.label)
