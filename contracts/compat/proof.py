"""Decides whether one schema accepts every value of another: by values that only one accepts, and by containment."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

import jsonschema_rs

from contracts.compat.candidates import CandidateGenerator

_MAX_READINGS: Final = 16
_MAX_SCHEMAS: Final = 80
_ERRORS: Final = (ValueError, RecursionError, OverflowError, jsonschema_rs.canonical.CanonicalizationError)


@dataclass(frozen=True, slots=True)
class Containment:
    """Whether a schema accepts the values of another. `witness` is a list with a value that it rejects, or empty.

    Without a witness and without `proven`, the question is open: `tested` values are accepted by both.
    """

    witness: tuple[Any, ...] = ()
    proven: bool = False
    tested: int = 0


class Values:
    """Two sets of values as JSON Schemas, with the definitions that both refer to.

    `text`: the values are sent as text, so that `5` and `"5"` are the same.
    """

    def __init__(self, definitions: dict[str, Any], *, text: bool) -> None:
        self._definitions = definitions
        self._text = text
        # With the schema, so that its address stays in use.
        self._validators: dict[int, tuple[Any, Any]] = {}

    def containment(self, part: Any, whole: Any) -> Containment:
        """Whether `whole` accepts every value of `part`. Raises ``ValueError`` for a schema that is invalid."""
        for schema in (part, whole):
            self.accept(schema, [])
        found = self._search(part, whole, [part, whole])
        if found.witness:
            return found
        if not self._text and self.covers(part, whole):
            return Containment(tested=found.tested, proven=True)
        # The difference has boundaries of its own. Its computation is slow for large schemas.
        if _count_schemas([part, whole, self._definitions]) > _MAX_SCHEMAS:
            return found
        return self._search(part, whole, [part, whole, *self._difference(part, whole)])

    def _search(self, part: Any, whole: Any, schemas: list[Any]) -> Containment:
        """Test values at the boundaries of the schemas."""
        tested = 0
        for value in CandidateGenerator(self._definitions, self.accept).generate(schemas):
            if self.accept(part, [value])[0]:
                if not self.accept(whole, [value])[0]:
                    return Containment((value,))
                tested += 1
        return Containment(tested=tested)

    def covers(self, part: Any, whole: Any) -> bool:
        """Whether it is proven that `whole` accepts every value of `part`."""
        try:
            canonical = [jsonschema_rs.canonicalize(self._complete(one)) for one in (part, whole)]
            return bool(canonical[1].covers(canonical[0]) == jsonschema_rs.canonical.Containment.YES)
        except _ERRORS:
            return False

    def accept(self, schema: Any, values: list[Any]) -> list[bool]:
        """For each value, whether the schema accepts it."""
        if id(schema) not in self._validators:
            self._validators[id(schema)] = schema, jsonschema_rs.Draft202012Validator(self._complete(schema))
        validator = self._validators[id(schema)][1]
        if not self._text:
            return [validator.is_valid(value) for value in values]
        return [
            any(validator.is_valid(one) for one in islice(_readings(_to_text(value)), _MAX_READINGS))
            for value in values
        ]

    def _complete(self, schema: Any) -> Any:
        return {"$defs": self._definitions, "allOf": [schema]}

    def _difference(self, part: Any, whole: Any) -> Iterator[Any]:
        try:
            canonical = [jsonschema_rs.canonicalize(self._complete(one)) for one in (part, whole)]
            difference = canonical[0].subtract(canonical[1]).to_json_schema()
        except _ERRORS:
            return
        if isinstance(difference, dict) and "$ref" not in json.dumps(difference):
            yield difference


def _count_schemas(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_count_schemas, value.values()))
    return sum(map(_count_schemas, value)) if isinstance(value, list) else 0


def _to_text(value: Any) -> Any:
    """The value as it is sent as text: every scalar is a string."""
    if isinstance(value, dict):
        return {key: _to_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_to_text(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value)


def _few_readings(value: Any) -> list[Any]:
    return list(islice(_readings(value), _MAX_READINGS))


def _readings(value: Any) -> Iterator[Any]:
    """Yield the JSON values that a server can read from text."""
    if isinstance(value, dict):
        for combination in product(*map(_few_readings, value.values())):
            yield dict(zip(value, combination, strict=True))
    elif isinstance(value, list):
        for items in product(*map(_few_readings, value)):
            yield list(items)
    else:
        yield value
        if value in {"true", "false", "null"} or value.lstrip("-").replace(".", "", 1).isdecimal():
            try:
                yield json.loads(value)
            except ValueError:
                return
