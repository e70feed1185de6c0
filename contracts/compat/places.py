"""Recognises a schema that a document repeats inline, so that its change is reported once."""

import json
from collections.abc import Callable

from contracts.compat.document import Document
from contracts.compat.pointers import split

# The names of members that contain what the last part of a pointer names.
_CONTAINERS = ("properties", "required", "patternProperties", "dependentRequired", "dependentSchemas")
_LISTS = ("parameters", "headers", "responses", "content")


def place_of(old: Document, new: Document) -> Callable[[str], str]:
    """A function that returns the text of the schema or parameter around a pointer, or the pointer in a component."""

    def place(pointer: str) -> str:
        parts = split(pointer)
        if not parts or parts[0] != "paths":
            return pointer
        around = _around(parts)
        nodes = (document.find(around) for document in (new, old))
        found = next((node.value for node in nodes if node is not None and node.value is not None), pointer)
        return json.dumps(found, sort_keys=True)

    return place


def _around(parts: list[str]) -> list[str]:
    if len(parts) > 1 and parts[-2] in _LISTS:
        return parts
    if len(parts) > 1 and parts[-2] in _CONTAINERS:
        return parts[:-2]
    return parts[:-1]
