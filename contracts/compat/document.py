"""An OpenAPI document: its nodes with their JSON pointers, and the resolution of `$ref`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from contracts.compat.loading import NotOpenAPI
from contracts.compat.pointers import join, split

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_VERSION: Final = re.compile(r"3\.([0-2])(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?")
# Members whose values are data: a "$ref" inside is an example, not a reference.
_INNER: Final = (dict, list)
_DATA: Final = frozenset(
    {"example", "examples", "default", "const", "enum", "value", "description", "summary", "title"}
)
# Members that are maps: their keys are names, not keywords.
_MAPS: Final = frozenset(
    [
        "properties",
        "patternProperties",
        "$defs",
        "definitions",
        "dependentSchemas",
        "paths",
        "webhooks",
        "pathItems",
        "callbacks",
        "schemas",
        "responses",
        "parameters",
        "requestBodies",
        "headers",
        "securitySchemes",
        "links",
        "content",
        "encoding",
    ]
)
# The keywords of a schema in OpenAPI 3.0.
_SCHEMA_3_0: Final = frozenset(
    [
        "title",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "enum",
        "type",
        "allOf",
        "oneOf",
        "anyOf",
        "not",
        "items",
        "properties",
        "additionalProperties",
        "description",
        "format",
        "default",
        "nullable",
        "discriminator",
        "readOnly",
        "writeOnly",
        "xml",
        "externalDocs",
        "example",
        "deprecated",
        "$ref",
    ]
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document, and its JSON pointer."""

    value: Any
    pointer: str

    def at(self, *parts: str | int) -> "Node":
        """The node of a member. Its value is ``None`` if the member does not exist."""
        value = self.value
        for part in parts:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                value = None
        return Node(value, join(self.pointer, *parts))

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The value if it is an object, else an empty mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Any]:
        """The value if it is a list, else an empty list."""
        return self.value if isinstance(self.value, list) else []

    @property
    def flag(self) -> bool:
        """Whether the value is `true`."""
        return self.value is True


class Document:
    """An OpenAPI 3.0, 3.1 or 3.2 document."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = Node(dict(root), "")
        self._anchors: dict[str, Node] = {}
        self._targets: dict[str, Node] = {}
        self._check()

    @property
    def ref_siblings_apply(self) -> bool:
        """Whether members beside the `$ref` of a schema apply: from OpenAPI 3.1 on."""
        return not str(self.root.value["openapi"]).startswith("3.0")

    def known_keywords(self, node: Node) -> Node:
        """The schema object without keywords that mean nothing in the version of the document."""
        if self.ref_siblings_apply:
            unknown = "nullable" in node.mapping
            kept = {key: value for key, value in node.mapping.items() if key != "nullable"} if unknown else {}
        else:
            unknown = not node.mapping.keys() <= _SCHEMA_3_0
            kept = (
                {key: value for key, value in node.mapping.items() if key in _SCHEMA_3_0 or key.startswith("x-")}
                if unknown
                else {}
            )
        return Node(kept, node.pointer) if unknown else node

    def methods(self, item: Node) -> Iterator[tuple[str, Node]]:
        """Yield the operations of a path item by method. Methods are in upper case, or as in `additionalOperations`."""
        for method in METHODS:
            if method in item.mapping:
                yield method.upper(), item.at(method)
        if str(self.root.value["openapi"]).startswith("3.2"):
            additional = item.at("additionalOperations")
            for method in additional.mapping:
                if isinstance(additional.mapping[method], dict):
                    yield method, additional.at(method)

    def resolve(self, node: Node) -> Node:
        """Follow a chain of references. The value is ``None`` if the chain is circular."""
        seen = set()
        while isinstance(reference := node.mapping.get("$ref"), str):
            if reference in seen:
                return Node(None, node.pointer)
            seen.add(reference)
            node = self.target(reference, node.pointer)
        return node

    def find(self, parts: Iterable[str]) -> Node | None:
        """The node at a path of members and indexes, or None if it does not exist."""
        found: Node | None = self.root
        for part in parts:
            found = None if found is None else _step(found, part)
        return found

    def target(self, reference: str, pointer: str) -> Node:
        """The target of one reference. Raises ``NotOpenAPI`` if it does not exist, or is in another file."""
        if (known := self._targets.get(reference)) is not None:
            return known
        if not reference.startswith("#"):
            raise NotOpenAPI(f"{pointer}/$ref refers to another file ({reference}): bundle the document first")
        fragment = unquote(reference[1:])
        anchored = fragment and not fragment.startswith("/")
        found = self._anchors.get(fragment) if anchored else self.find(split(fragment))
        if found is None:
            raise NotOpenAPI(f"{pointer}/$ref refers to {reference}, which does not exist")
        self._targets[reference] = found
        return found

    def _check(self) -> None:
        root = self.root.value
        version = root.get("openapi")
        if version is None and "swagger" in root:
            raise NotOpenAPI(f"Swagger {root['swagger']} is not OpenAPI 3: convert it first")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise NotOpenAPI(f"not an OpenAPI 3 document: `openapi` is {version!r}")
        if not any(name in root for name in ("paths", "webhooks", "components")):
            raise NotOpenAPI("not an OpenAPI document: it has neither paths nor webhooks nor components")
        for name in ("info", "paths", "webhooks", "components"):
            if name in root and not isinstance(root[name], dict):
                raise NotOpenAPI(f"not an OpenAPI document: `{name}` is not an object")
        self._check_references()
        for name in ("paths", "webhooks"):
            self._check_items(self.root.at(name))

    def _check_references(self) -> None:
        references: dict[str, _Path] = {}
        for value, path in _walk_objects(self.root.value):
            if isinstance(anchor := value.get("$anchor"), str):
                self._anchors.setdefault(anchor, Node(value, _pointer(path)))
            if isinstance(reference := value.get("$ref"), str):
                references.setdefault(reference, path)
        for reference, path in references.items():
            self.target(reference, _pointer(path))

    def _check_items(self, paths: Node) -> None:
        for path in paths.mapping:
            if path.startswith("x-"):
                continue
            item = self.resolve(paths.at(path))
            if not isinstance(item.value, dict):
                raise NotOpenAPI(f"not an OpenAPI document: {item.pointer} is not an object")
            for method in METHODS:
                if method in item.value and not isinstance(item.value[method], dict):
                    raise NotOpenAPI(f"not an OpenAPI document: {item.pointer}/{method} is not an object")


def _step(node: Node, part: str) -> Node | None:
    if isinstance(node.value, list):
        return node.at(int(part)) if part.isdecimal() and int(part) < len(node.value) else None
    return node.at(part) if part in node.mapping else None


# The last part of a pointer, and the path to the value above. Few of the objects need the text of their pointer.
_Path = tuple["_Path", str | int] | None


def _pointer(path: _Path) -> str:
    parts: list[str | int] = []
    while path is not None:
        path, part = path
        parts.append(part)
    return join("", *reversed(parts))


def _walk_objects(root: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], _Path]]:
    """Yield every object of a document, except examples, defaults and other data."""
    queue: list[tuple[Any, _Path, bool]] = [(root, None, False)]
    seen: set[int] = set()
    while queue:
        value, path, is_map = queue.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list):
            queue += [(one, (path, index), False) for index, one in enumerate(value) if isinstance(one, _INNER)]
        elif is_map:
            queue += [(one, (path, name), False) for name, one in value.items() if isinstance(one, _INNER)]
        else:
            yield value, path
            queue += [
                (one, (path, name), name in _MAPS)
                for name, one in value.items()
                if isinstance(one, _INNER) and name not in _DATA and not name.startswith("x-")
            ]
