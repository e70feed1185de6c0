"""Finds the elements of evidence in a contract: whether an operation declares one, and whether it is deprecated."""

from collections.abc import Mapping
from typing import Any, Final

from observability.conformance.operation import FORM, Operation, Reader
from observability.conformance.response_checks import is_json
from observability.conformance.schemas import Steps
from observability.evidence.shapes import Shape, Shapes
from observability.evidence.values import ITEM
from observability.json_pointer import parse_pointer

_PLACES: Final = frozenset({"path", "query", "header", "cookie"})


class DeclaredElements:
    """The elements of one contract. Operations have names such as ``GET /posts/{post_id}``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._reader = Reader(document)
        self._shapes = Shapes(document)
        self._operations: dict[str, Operation] = {}

    def has_operation(self, name: str) -> bool:
        """Whether the contract has this operation."""
        method, _, path = name.partition(" ")
        return method.lower() in self._document.get("paths", {}).get(path, {})

    def is_deprecated_operation(self, name: str) -> bool:
        """Whether the contract has this operation and deprecates it."""
        method, _, path = name.partition(" ")
        node = self._document.get("paths", {}).get(path, {}).get(method.lower(), {})
        return bool(node.get("deprecated"))

    def declares(self, operation: str, element: str) -> bool:
        """Whether an operation of the contract declares a parameter, a member or a media type."""
        return bool(self._found(operation, element))

    def is_deprecated(self, operation: str, element: str) -> bool:
        """Whether each declaration of an element is deprecated."""
        found = self._found(operation, element)
        return bool(found) and all(node.get("deprecated") is True for node in found)

    def _found(self, name: str, element: str) -> list[Mapping[str, Any]]:
        """The declarations of an element: a parameter, or the schemas of a member."""
        if not self.has_operation(name):
            return []
        operation, (kind, _, rest) = self._operation(name), element.partition(":")
        if kind in _PLACES:
            return self._parameters(operation, kind, rest.removesuffix(f"/{ITEM}"))
        if kind == "media":
            declared = operation.body is not None and operation.body.find(rest) is not None
            return [{}] if declared else []
        bodies = self._request(operation) if kind == "body" else self._response(operation) if kind == "reads" else []
        return [node for shape in bodies for node in _below(shape, tuple(map(str, parse_pointer(rest))))]

    def _operation(self, name: str) -> Operation:
        operation = self._operations.get(name)
        if operation is None:
            method, _, path = name.partition(" ")
            operation = self._operations[name] = self._reader.operation(("paths", path, method.lower()))
        return operation

    def _parameters(self, operation: Operation, place: str, name: str) -> list[Mapping[str, Any]]:
        for parameter in operation.parameters:
            same = parameter.name.lower() == name.lower() if place == "header" else parameter.name == name
            if parameter.place == place and same:
                return [self._shapes.node(parameter.schema[:-1]) if parameter.schema else {}]
        return []

    def _request(self, operation: Operation) -> list[Shape]:
        content = operation.body.types if operation.body is not None else {}
        return self._json(content)

    def _response(self, operation: Operation) -> list[Shape]:
        return [
            shape
            for status, response in operation.responses.items()
            if status.startswith("2")
            for shape in self._json(response.content.types)
        ]

    def _json(self, content: Mapping[str, Steps | None]) -> list[Shape]:
        return [
            self._shapes.at(schema)
            for kind, schema in content.items()
            if schema is not None and (is_json(kind) or kind == FORM)
        ]


def _below(shape: Shape, steps: tuple[str, ...]) -> list[Mapping[str, Any]]:
    for step in steps:
        inner = shape.members.get(step) or ((shape.items or shape.others) if step == ITEM else None)
        if inner is None:
            return []
        shape = inner
    return list(shape.schemas)
