"""The operations of a version's frozen document, and requests built from their examples."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.contract import CONTRACTS
from versions import registry

VERSIONS = tuple(version.name for version in registry.VERSIONS)
Document = dict[str, Any]


@cache
def document(version: str) -> Document:
    found: Document = json.loads((CONTRACTS / f"{version}.openapi.json").read_text())
    return found


@dataclass(frozen=True)
class Operation:
    """One operation and the document it is part of."""

    version: str
    method: str
    path: str
    spec: Document

    @property
    def name(self) -> str:
        identifier: str = self.spec["operationId"]
        return identifier

    @property
    def template(self) -> str:
        return f"/api/{self.version}{self.path}"

    @property
    def needs_caller(self) -> bool:
        """Whether anonymous callers may use the operation."""
        return bool(self.spec["security"]) and {} not in self.spec["security"]

    def parameters(self, place: str) -> list[Document]:
        return [parameter for parameter in self.spec.get("parameters", ()) if parameter["in"] == place]

    def url(self, **values: object) -> str:
        """The URL with these path parameters; the rest from the document."""
        examples = {
            parameter["name"]: example(parameter["schema"], self.version) for parameter in self.parameters("path")
        }
        return re.sub(r"\{(\w+)\}", lambda found: str((examples | values)[found[1]]), self.template)

    @property
    def media_type(self) -> str | None:
        content = self.spec.get("requestBody", {}).get("content")
        return next(iter(content)) if content else None

    @property
    def body(self) -> Any:
        """A body built from the document's examples."""
        if self.media_type is None:
            return None
        return example(self.spec["requestBody"]["content"][self.media_type]["schema"], self.version)

    @property
    def body_properties(self) -> Document:
        if self.media_type is None:
            return {}
        schema = resolve(self.spec["requestBody"]["content"][self.media_type]["schema"], self.version)
        found: Document = schema.get("properties", {})
        return found


def operations(version: str) -> Iterator[Operation]:
    for path, item in document(version)["paths"].items():
        for method, spec in item.items():
            yield Operation(version, method.upper(), path, spec)


ALL = [operation for version in VERSIONS for operation in operations(version)]


def query_example(parameter: Document, version: str) -> str:
    """The text of a query parameter with its example; the names of a list are separated by commas."""
    value = parameter.get("example", example(parameter["schema"], version))
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def resolve(schema: Document, version: str) -> Document:
    if "$ref" not in schema:
        return schema
    found: Any = document(version)
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolve(found, version)


def example(schema: Document, version: str) -> Any:
    """The first example of a schema, or one built from those of its parts."""
    whole = resolve(schema, version) | schema
    for keyword in ("examples", "enum", "anyOf", "oneOf"):
        if keyword in whole:
            found = whole[keyword][0]
            return example(found, version) if keyword.endswith("Of") else found
    if whole.get("type") == "array":
        return [example(whole["items"], version)]
    if whole.get("type") == "object":
        return {name: example(part, version) for name, part in whole.get("properties", {}).items()}
    return whole["const"] if "const" in whole else whole.get("default", whole.get("minimum"))
