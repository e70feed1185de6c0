"""The operations of an OpenAPI 3.1 document, with references resolved as far as the checks need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from observability.conformance.schemas import Json, Steps
from observability.json_pointer import parse_pointer

FORM: Final = "application/x-www-form-urlencoded"
_DEEPEST: Final = 32
"""The maximum length of a chain of references; a longer one is circular."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a request, or a header of a response."""

    name: str
    place: str
    """``path``, ``query``, ``header``, ``cookie`` or ``form``."""
    required: bool
    schema: Steps | None
    """``None`` for a parameter that is not checked: with ``content``, or with a style other than the default."""
    kinds: frozenset[str]
    """The JSON types in its schema, which decide whether the text ``7`` is parsed as a number."""
    item_kinds: frozenset[str]
    exploded: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The allowed bodies: media types, and the schema of each if it has one."""

    types: Mapping[str, Steps | None]
    required: bool = False

    def find(self, media_type: str) -> str | None:
        """Return the entry for a media type; an exact match has priority over ranges (``text/*``)."""
        kind = media_type.partition("/")[0]
        return next((entry for entry in (media_type, f"{kind}/*", "*/*") if entry in self.types), None)


@dataclass(frozen=True, slots=True)
class DeclaredResponse:
    """A response that an operation declares."""

    headers: tuple[Parameter, ...]
    content: Content


@dataclass(frozen=True, slots=True)
class Operation:
    """The parameters, the body and the responses of an operation."""

    name: str
    steps: Steps
    parameters: tuple[Parameter, ...]
    body: Content | None
    responses: Mapping[str, DeclaredResponse]
    form: Mapping[str, Parameter]
    """The declared members of the form."""

    def response(self, status: int) -> DeclaredResponse | None:
        """Return the response for a status: by number, else by class (``4XX``), else ``default``."""
        keys = (str(status), f"{status // 100}XX", "default")
        return next((self.responses[key] for key in keys if key in self.responses), None)


class Reader:
    """Reads operations from a document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operation(self, steps: Steps) -> Operation:
        """Return the operation at ``("paths", path, method)``."""
        node = self._at(steps)
        body = self._body((*steps, "requestBody")) if "requestBody" in node else None
        form = body.types.get(FORM) if body is not None else None
        return Operation(
            name=str(node.get("operationId", "")),
            steps=steps,
            parameters=tuple(self._parameters(steps)),
            body=body,
            responses={status: self._response((*steps, "responses", status)) for status in node.get("responses", {})},
            form=self._form(form) if form is not None else {},
        )

    def _at(self, steps: Steps) -> Json:
        node: Json = self._document
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node

    def _resolved(self, steps: Steps) -> Steps:
        """Follow the references at a place to the place of the definition."""
        for _ in range(_DEEPEST):
            node = self._at(steps)
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                return steps
            steps = steps_of(reference)
        message = f"circular references at {steps}"
        raise ValueError(message)

    def _parameters(self, steps: Steps) -> Iterator[Parameter]:
        """Yield the parameters of the operation, and those of its path that it does not override."""
        found: dict[tuple[str, str], Parameter] = {}
        for owner in (steps[:2], steps):
            for index in range(len(self._at(owner).get("parameters", ()))):
                place = self._resolved((*owner, "parameters", index))
                node = self._at(place)
                found[node["in"], node["name"]] = self._parameter(node["name"], node["in"], place)
        yield from found.values()

    def _parameter(self, name: str, place: str, steps: Steps) -> Parameter:
        node = self._at(steps)
        usual = "form" if place in {"query", "cookie"} else "simple"
        checked = "schema" in node and node.get("style", usual) == usual
        return self._part(
            name,
            place,
            (*steps, "schema") if checked else None,
            required=bool(node.get("required")),
            exploded=bool(node.get("explode", usual == "form")),
        )

    def _part(
        self, name: str, place: str, schema: Steps | None, *, required: bool = False, exploded: bool = True
    ) -> Parameter:
        kinds, items = self._kinds(schema), self._item_kinds(schema)
        return Parameter(name, place, required, schema, kinds, items, exploded)

    def _response(self, steps: Steps) -> DeclaredResponse:
        place = self._resolved(steps)
        node = self._at(place)
        headers = []
        for name in node.get("headers", {}):
            header = self._resolved((*place, "headers", name))
            headers.append(self._parameter(name, "header", header))
        return DeclaredResponse(tuple(headers), self._content(place))

    def _body(self, steps: Steps) -> Content:
        place = self._resolved(steps)
        return Content(self._content(place).types, required=bool(self._at(place).get("required")))

    def _content(self, steps: Steps) -> Content:
        node = self._at(steps).get("content", {})
        return Content(
            {
                kind.lower(): (*steps, "content", kind, "schema") if "schema" in media else None
                for kind, media in node.items()
            }
        )

    def _form(self, schema: Steps) -> dict[str, Parameter]:
        """Return the members of a form, which is an object of texts."""
        place = self._resolved(schema)
        return {
            name: self._part(name, "form", (*place, "properties", name))
            for name in self._at(place).get("properties", {})
        }

    def _kinds(self, schema: Steps | None, depth: int = 0) -> frozenset[str]:
        if schema is None or depth > _DEEPEST:
            return frozenset()
        place = self._resolved(schema)
        node = self._at(place)
        if not isinstance(node, dict):
            return frozenset()
        kinds = node.get("type", [])
        found = {kinds} if isinstance(kinds, str) else set(kinds)
        found |= {_kind_of(value) for value in (*node.get("enum", ()), *([node["const"]] if "const" in node else ()))}
        for keyword in ("anyOf", "oneOf", "allOf"):
            for index in range(len(node.get(keyword, ()))):
                found |= self._kinds((*place, keyword, index), depth + 1)
        return frozenset(found)

    def _item_kinds(self, schema: Steps | None) -> frozenset[str]:
        if schema is None:
            return frozenset()
        place = self._resolved(schema)
        node = self._at(place)
        return self._kinds((*place, "items")) if isinstance(node, dict) and "items" in node else frozenset()


def steps_of(reference: str) -> Steps:
    """Parse a reference within the document to a path. Raises ``ValueError`` for an external reference."""
    if not reference.startswith("#/"):
        message = f"{reference} must refer to the same document"
        raise ValueError(message)
    return parse_pointer(unquote(reference[1:]))


def _kind_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "string"
