"""The pairing of two versions: which operations, schemas and fields correspond, and the same failures in both."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.guide.errors import GuideError
from contracts.guide.example_request import ExampleRequest

FILE: Final = "pairing.toml"
_METHODS: Final = ("get", "put", "post", "patch", "delete")
NONE: Final = "none: "
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FailureExample:
    """The same mistake in both versions."""

    case: str
    before: ExampleRequest
    after: ExampleRequest


@dataclass(frozen=True, slots=True)
class Pairing:
    """The successors by old name. ``removed``, and ``fields`` with ``none: ...``, give the reason for a missing one."""

    operations: Mapping[str, str]
    removed: Mapping[str, str]
    schemas: Mapping[str, str]
    fields: Mapping[str, str]
    failures: tuple[FailureExample, ...]


def read_pairing(folder: Path) -> Pairing:
    """Read the pairing of a folder of fragments. Raises ``GuideError``."""
    path = folder / FILE
    where = f"{folder.name}/{FILE}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        failures = [
            FailureExample(
                one["case"],
                ExampleRequest.parse(one["before"], f"{where}, {one['case']}"),
                ExampleRequest.parse(one["after"], f"{where}, {one['case']}"),
            )
            for one in content.get("failures", ())
        ]
        paired, removed, schemas, fields = (
            _string_table(content, name) for name in ("operations", "removed", "schemas", "fields")
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        advice = "It needs [operations], [removed], [schemas] and [fields]; [[failures]] have case, before and after."
        raise GuideError(f"{where} cannot be read: {error}", advice) from None
    return Pairing(paired, removed, schemas, fields, tuple(failures))


def _string_table(content: Json, name: str) -> dict[str, str]:
    table = content[name]
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise TypeError(f"[{name}] must be a table of strings")
    return table


def operations(document: Json) -> dict[str, Json]:
    """The operations of a document by name, such as ``GET /posts``."""
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


def successors(pairing: Pairing, old: Json, new: Json) -> dict[str, str | None]:
    """The successor of each old operation: the declared one, or the one of the same name. ``None``: there is none."""
    candidates = operations(new)
    return {name: pairing.operations.get(name, name if name in candidates else None) for name in operations(old)}


def find_problems(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    """Yield what the pairing lacks, and the names that do not exist."""
    yield from _operation_problems(pairing, old, new)
    yield from _field_problems(pairing, old, new)
    for name in (*_removed_fields(pairing, old, new), *_removed_parameters(pairing, old, new)):
        if name not in pairing.fields:
            yield f"{FILE}: {name} is removed: add its successor to [fields], or `none: ` and the reason."


def _operation_problems(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    before, after = operations(old), operations(new)
    for name, target in pairing.operations.items():
        if name not in before or target not in after:
            yield f"{FILE}: [operations] pairs {name} with {target}, but one of them does not exist: correct it."
    for name in pairing.removed:
        if name not in before:
            yield f"{FILE}: [removed] names {name}, which does not exist: remove it."
    for name, successor in successors(pairing, old, new).items():
        if successor is None and name not in pairing.removed:
            yield f"{FILE}: {name} has no successor: add one to [operations], or the reason to [removed]."


def _field_problems(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    for name, target in pairing.schemas.items():
        if name not in _schemas(old) or target not in _schemas(new):
            yield f"{FILE}: [schemas] pairs {name} with {target}, but one of them does not exist: correct it."
    for name, target in pairing.fields.items():
        if not _exists(name, old):
            yield f"{FILE}: [fields] names {name}, which does not exist: remove it."
        for one in [] if target.startswith(NONE) else target.split(", "):
            if not _exists(one, new):
                yield f"{FILE}: [fields] pairs {name} with {one}, which does not exist: correct it."


def _removed_fields(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    for name, schema in _schemas(old).items():
        remaining = _schemas(new).get(pairing.schemas.get(name, name), {}).get("properties", {})
        yield from (f"{name}.{field}" for field in schema.get("properties", {}) if field not in remaining)


def _removed_parameters(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    before, after = operations(old), operations(new)
    for name, successor in successors(pairing, old, new).items():
        if successor is not None and successor in after:
            remaining = _parameters(after[successor])
            yield from (f"{name} {one}" for one in _parameters(before[name]) if one not in remaining)


def _exists(name: str, document: Json) -> bool:
    operation, _, last = name.rpartition(" ")
    if operation:
        return last in _parameters(operations(document).get(operation, {}))
    schema, _, field = name.partition(".")
    return field in _schemas(document).get(schema, {}).get("properties", {})


def _parameters(operation: Json) -> list[str]:
    return [one["name"] for one in operation.get("parameters", ())]


def _schemas(document: Json) -> Json:
    found: Json = document["components"]["schemas"]
    return found
