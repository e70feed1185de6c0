"""Finds what a contract does not describe, and members of responses that clients cannot rely on."""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
_COMBINED = ("anyOf", "oneOf", "allOf")


def undescribed(document: Document, operation: Document) -> list[str]:
    """The parts of an operation without a description: itself, parameters, responses, headers, members of bodies."""
    return sorted(set(_undescribed(document, operation)))


def _undescribed(document: Document, operation: Document) -> Iterator[str]:
    if not operation.get("tags"):
        yield "tags"
    yield from (keyword for keyword in ("summary", "description") if not operation.get(keyword, "").strip())
    for parameter in operation.get("parameters", ()):
        if not _text(document, parameter):
            yield f"parameter {parameter['name']}"
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from _members(document, media["schema"], "request", set())
    for status, response in operation["responses"].items():
        if not _text(document, response):
            yield f"response {status}"
        for name, header in response.get("headers", {}).items():
            if not _text(document, header):
                yield f"header {name} of {status}"
        for media in response.get("content", {}).values():
            yield from _members(document, media.get("schema", {}), f"response {status}", set())


def _text(document: Document, part: Document) -> str:
    """The description of a part, or of what it refers to."""
    return str(part.get("description") or resolve(document, part).get("description") or "").strip()


def _members(document: Document, schema: Document, place: str, seen: set[str]) -> Iterator[str]:
    """The members of a schema, and of all schemas within it, that have no description."""
    if (name := schema.get("$ref")) is not None:
        if name in seen:
            return
        seen.add(name)
        schema, place = resolve(document, schema), name.rpartition("/")[2]
    for member, part in schema.get("properties", {}).items():
        if not _is_described(document, part):
            yield f"{place}.{member}"
        yield from _members(document, part, f"{place}.{member}", seen)
    for part in (part for keyword in _COMBINED for part in schema.get(keyword, ())):
        yield from _members(document, part, place, seen)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from _members(document, schema[keyword], f"{place}[]", seen)


def _is_described(document: Document, member: Document) -> bool:
    """A member is described by itself, or by the schemas that it refers to."""
    if _text(document, member):
        return True
    variants = [part for keyword in _COMBINED for part in member.get(keyword, ()) if part.get("type") != "null"]
    return bool(variants) and all(_text(document, part) for part in variants)


def optional_members(document: Document, operation: Document) -> list[str]:
    """The members of successful responses that a response may lack."""
    found: set[str] = set()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for media in response.get("content", {}).values():
                found |= set(_optional(document, media.get("schema", {}), status, set()))
    return sorted(found)


def _optional(document: Document, schema: Document, place: str, seen: set[str]) -> Iterator[str]:
    if (name := schema.get("$ref")) is not None:
        if name in seen:
            return
        seen.add(name)
        schema, place = resolve(document, schema), name.rpartition("/")[2]
    members = schema.get("properties", {})
    yield from (f"{place}.{member}" for member in members if member not in schema.get("required", ()))
    for part in [*members.values(), *(part for keyword in _COMBINED for part in schema.get(keyword, ()))]:
        yield from _optional(document, part, place, seen)
    if isinstance(schema.get("items"), dict):
        yield from _optional(document, schema["items"], place, seen)


def resolve(document: Document, part: Document) -> Document:
    """What a part refers to, or the part itself."""
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part
