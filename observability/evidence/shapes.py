"""What a contract declares at each place of a value: members, items and listed values, of all alternatives together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import orjson

from observability.conformance.operation import steps_of
from observability.conformance.schemas import Json, Steps

_ALTERNATIVES: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONS: Final = ("then", "else")
_DEEPEST: Final = 32
"""The maximum length of a chain of references and alternatives; a longer one is circular."""
_BOOLEANS: Final = ("false", "true")


@dataclass(frozen=True)
class Shape:
    """The schemas of one value. They are read on first use, because schemas can refer to themselves."""

    shapes: "Shapes"
    places: tuple[Steps, ...]

    @cached_property
    def members(self) -> Mapping[str, "Shape"]:
        """The declared members of an object."""
        found: dict[str, list[Steps]] = {}
        for place, node in self._nodes:
            for name in node.get("properties", {}):
                found.setdefault(name, []).append((*place, "properties", name))
        return {name: self.shapes.at(*places) for name, places in found.items()}

    @cached_property
    def others(self) -> "Shape | None":
        """The members of a map: their schema, whatever their names."""
        found = [
            (*place, "additionalProperties")
            for place, node in self._nodes
            if isinstance(node.get("additionalProperties"), dict)
        ]
        for place, node in self._nodes:
            found += [(*place, "patternProperties", pattern) for pattern in node.get("patternProperties", {})]
        return self.shapes.at(*found) if found else None

    @cached_property
    def items(self) -> "Shape | None":
        """The items of an array."""
        found = [(*place, "items") for place, node in self._nodes if isinstance(node.get("items"), dict)]
        return self.shapes.at(*found) if found else None

    @cached_property
    def values(self) -> frozenset[str]:
        """The JSON texts of the values that the contract lists."""
        found: set[str] = set()
        for _, node in self._nodes:
            listed = [*node.get("enum", ()), *([node["const"]] if "const" in node else ())]
            found |= {orjson.dumps(value).decode() for value in listed}
            kinds = node.get("type", ())
            if "boolean" in ([kinds] if isinstance(kinds, str) else kinds):
                found.update(_BOOLEANS)
        return frozenset(found)

    @property
    def schemas(self) -> tuple[Mapping[str, Any], ...]:
        """The schemas that declare the value itself, without those that they refer to."""
        return tuple(self.shapes.node(place) for place in self.places)

    @cached_property
    def _nodes(self) -> tuple[tuple[Steps, Mapping[str, Any]], ...]:
        return tuple(found for place in self.places for found in self.shapes.nodes(place))


class Shapes:
    """The shapes of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._shapes: dict[tuple[Steps, ...], Shape] = {}

    def at(self, *places: Steps) -> Shape:
        """The shape of a value to which the schemas at these places apply."""
        shape = self._shapes.get(places)
        if shape is None:
            shape = self._shapes[places] = Shape(self, places)
        return shape

    def nodes(self, place: Steps, depth: int = 0) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
        """Yield the schema at a place, and those that it refers to or combines, with their places."""
        node = self.node(place)
        if not isinstance(node, dict) or depth > _DEEPEST:
            return
        yield place, node
        if isinstance(reference := node.get("$ref"), str):
            yield from self.nodes(steps_of(reference), depth + 1)
        for keyword in _ALTERNATIVES:
            for index in range(len(node.get(keyword, ()))):
                yield from self.nodes((*place, keyword, index), depth + 1)
        for keyword in _CONDITIONS:
            if keyword in node:
                yield from self.nodes((*place, keyword), depth + 1)

    def node(self, place: Steps) -> Json:
        """The part of the document at a place."""
        node: Json = self._document
        for step in place:
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node
