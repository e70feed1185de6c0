"""Compiles the schemas of one contract on first use, and validates values against them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email
from jsonschema_rs import Draft202012, Draft202012Validator, Registry, ValidationError, ValidationErrorKind

Json = Any
Direction = Literal["request", "response"]
Steps = tuple[str | int, ...]
"""A path in a document."""

_URI: Final = "urn:contract"
_MOST_FINDINGS: Final = 20
"""The maximum per value: a list of a thousand items may have the same error in each of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A schema keyword that a value violates. It contains the location in the value, never the value itself."""

    pointer: Steps
    """The path in the value."""
    schema: Steps
    """The path in the contract."""
    keyword: str
    """``maxLength``, ``type``, ``required`` ..."""


class Schemas:
    """Validates values of requests or of responses.

    ``format`` is asserted, because clients parse a ``date-time`` as one. ``email`` has the meaning of the server, which
    accepts international addresses. ``readOnly`` members need not be in requests, and servers may ignore them there;
    ``writeOnly`` members must not be in responses (OpenAPI 3.1, and JSON Schema 2020-12, Validation, section 9.4).
    """

    def __init__(self, document: Json, direction: Direction) -> None:
        self._registry = Registry([(_URI, for_direction(document, direction))], draft=Draft202012)
        self._compiled: dict[Steps, Draft202012Validator] = {}

    def findings(self, schema: Steps, value: Json) -> Iterator[Finding]:
        """Yield the violations of the schema at this place of the document in a value, each keyword once."""
        validator = self._compiled.get(schema)
        if validator is None:
            validator = self._compiled[schema] = self._compile(schema)
        seen: set[Steps] = set()
        for error in validator.iter_errors(value):
            for cause in _causes(error):
                place = tuple(cause.schema_path)
                if place not in seen:
                    seen.add(place)
                    yield Finding(tuple(cause.instance_path), place, cause.kind.name)
                if len(seen) == _MOST_FINDINGS:
                    return

    def _compile(self, schema: Steps) -> Draft202012Validator:
        reference = f"{_URI}#{quote(pointer(schema))}"
        formats = {"email": is_address}
        return Draft202012Validator(
            {"$ref": reference}, registry=self._registry, validate_formats=True, formats=formats, offline=True
        )


def _causes(error: ValidationError) -> list[ValidationError]:
    """Return the errors of the closest of several failed alternatives: the deepest, with the fewest errors."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid) and kind.context:
        closest = max(kind.context, key=lambda errors: (_depth(errors), -len(errors)))
        return [cause for inner in closest for cause in _causes(inner)] or [error]
    return [error]


def _depth(errors: list[ValidationError]) -> int:
    return min((len(error.instance_path) for error in errors), default=0)


def is_address(text: str) -> bool:
    """Whether the server accepts the text as an e-mail address (RFC 5321 with RFC 6531)."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def pointer(steps: Steps) -> str:
    """Format a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def for_direction(node: Json, direction: Direction) -> Json:
    """Return a copy of the document in which ``readOnly`` and ``writeOnly`` are applied for one direction."""
    if isinstance(node, list):
        return [for_direction(item, direction) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: for_direction(value, direction) for name, value in node.items()}
    properties = found.get("properties")
    if not isinstance(properties, dict):
        return found
    mark = "readOnly" if direction == "request" else "writeOnly"
    marked = {name for name, schema in properties.items() if isinstance(schema, dict) and schema.get(mark) is True}
    if marked and isinstance(found.get("required"), list):
        found["required"] = [name for name in found["required"] if name not in marked]
    if direction == "response":
        found["properties"] = {name: False if name in marked else schema for name, schema in properties.items()}
    return found
