"""A document with its references: where something lies, and what a reference means."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from contracts.compat.loading import NotOpenAPI
from contracts.compat.pointers import join, split

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_VERSION: Final = re.compile(r"3\.([0-2])(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?")
# Members that hold data: a "$ref" in there is an example, not a reference.
_DATA: Final = frozenset({"example", "examples", "default", "const", "enum", "value"})
_NAMED: Final = frozenset(
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


@dataclass(frozen=True, slots=True)
class Site:
    """A value, and where it lies in its document."""

    value: Any
    pointer: str

    def at(self, *parts: str | int) -> "Site":
        """A member of this value; ``None`` as value where there is none."""
        value = self.value
        for part in parts:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                value = None
        return Site(value, join(self.pointer, *parts))

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The value where it is an object, else nothing."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Any]:
        """The value where it is a list, else nothing."""
        return self.value if isinstance(self.value, list) else []

    @property
    def flag(self) -> bool:
        """Whether the value is `true`."""
        return self.value is True


class Document:
    """An OpenAPI 3.0, 3.1 or 3.2 document."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = Site(dict(root), "")
        self._anchors: dict[str, Site] = {}
        self._check()

    @property
    def siblings(self) -> bool:
        """Whether the members beside a schema's `$ref` count: they do from 3.1 on."""
        return not str(self.root.value["openapi"]).startswith("3.0")

    def resolve(self, site: Site) -> Site:
        """What a chain of references leads to; where it leads round in a circle, nothing."""
        seen = set()
        while isinstance(reference := site.mapping.get("$ref"), str):
            if reference in seen:
                return Site(None, site.pointer)
            seen.add(reference)
            site = self.target(reference, site.pointer)
        return site

    def target(self, reference: str, pointer: str) -> Site:
        """What one reference means."""
        if not reference.startswith("#"):
            raise NotOpenAPI(f"{pointer}/$ref leads to another file ({reference}): bundle the document first")
        fragment = unquote(reference[1:])
        found: Site | None = self.root
        if fragment and not fragment.startswith("/"):
            found = self._anchors.get(fragment)
        else:
            for part in split(fragment):
                found = None if found is None else _step(found, part)
        if found is None:
            raise NotOpenAPI(f"{pointer}/$ref leads nowhere ({reference})")
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
        references: list[tuple[str, str]] = []
        for site in _schemas_and_more(self.root):
            if isinstance(anchor := site.value.get("$anchor"), str):
                self._anchors.setdefault(anchor, site)
            if isinstance(reference := site.value.get("$ref"), str):
                references.append((reference, site.pointer))
        for reference, pointer in references:
            self.target(reference, pointer)

    def _check_items(self, paths: Site) -> None:
        for path in paths.mapping:
            if path.startswith("x-"):
                continue
            item = self.resolve(paths.at(path))
            if not isinstance(item.value, dict):
                raise NotOpenAPI(f"not an OpenAPI document: {item.pointer} is not an object")
            for method in METHODS:
                if method in item.value and not isinstance(item.value[method], dict):
                    raise NotOpenAPI(f"not an OpenAPI document: {item.pointer}/{method} is not an object")


def _step(site: Site, part: str) -> Site | None:
    if isinstance(site.value, list):
        return site.at(int(part)) if part.isdecimal() and int(part) < len(site.value) else None
    return site.at(part) if part in site.mapping else None


def _schemas_and_more(root: Site) -> Iterator[Site]:
    """Every object that is not plain data."""
    waiting: list[tuple[Site, bool]] = [(root, False)]
    seen: set[int] = set()
    while waiting:
        site, names = waiting.pop()
        if id(site.value) in seen:
            continue
        seen.add(id(site.value))
        if isinstance(site.value, list):
            waiting += [(site.at(index), False) for index in range(len(site.value))]
        elif isinstance(site.value, dict):
            if not names:
                yield site
            waiting += [
                (site.at(name), not names and name in _NAMED)
                for name in site.value
                if names or not (name in _DATA or name.startswith("x-"))
            ]
