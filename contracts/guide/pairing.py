"""What took the place of what: operations, schemas and their fields, failures."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.guide.errors import GuideError
from contracts.guide.requests import Request

FILE: Final = "pairing.toml"
_METHODS: Final = ("get", "put", "post", "patch", "delete")
NONE: Final = "none: "
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """The same mistake, made with both versions."""

    case: str
    before: Request
    after: Request


@dataclass(frozen=True, slots=True)
class Pairing:
    """``gone`` and ``fields`` hold reasons where there is no successor: ``none: because``."""

    operations: Mapping[str, str]
    gone: Mapping[str, str]
    schemas: Mapping[str, str]
    fields: Mapping[str, str]
    failures: tuple[Failure, ...]


def read_pairing(folder: Path) -> Pairing:
    """The correspondences of a folder of fragments. Raises ``GuideError``."""
    path = folder / FILE
    where = f"{folder.name}/{FILE}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        failures = [
            Failure(
                one["case"],
                Request.parse(one["before"], f"{where}, {one['case']}"),
                Request.parse(one["after"], f"{where}, {one['case']}"),
            )
            for one in content["failures"]
        ]
        paired, gone, schemas, fields = (_texts(content, name) for name in ("operations", "gone", "schemas", "fields"))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        advice = "It needs [operations], [gone], [schemas], [fields] and [[failures]] with case, before and after."
        raise GuideError(f"{where} cannot be read: {error}", advice) from None
    return Pairing(paired, gone, schemas, fields, tuple(failures))


def _texts(content: Json, name: str) -> dict[str, str]:
    table = content[name]
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise TypeError(f"[{name}] is not a table of texts")
    return table


def operations(document: Json) -> dict[str, Json]:
    """The operations of a document by name: ``GET /posts``."""
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


def successors(pairing: Pairing, old: Json, new: Json) -> dict[str, str | None]:
    """For each operation of the old document the one that took its place; of the same name where none is declared."""
    there = operations(new)
    return {name: pairing.operations.get(name, name if name in there else None) for name in operations(old)}


def problems(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    """What the correspondences lack, or name although it does not exist."""
    yield from _wrong_operations(pairing, old, new)
    yield from _wrong_fields(pairing, old, new)
    for name in (*_lost_fields(pairing, old, new), *_lost_parameters(pairing, old, new)):
        if name not in pairing.fields:
            yield f"{FILE}: {name} is gone: say in [fields] what took its place, or `none: ` and why nothing did."


def _wrong_operations(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    before, after = operations(old), operations(new)
    for name, target in pairing.operations.items():
        if name not in before or target not in after:
            yield f"{FILE}: [operations] pairs {name} with {target}, and one of them does not exist: correct it."
    for name in pairing.gone:
        if name not in before:
            yield f"{FILE}: [gone] names {name}, which does not exist: remove it."
    for name, successor in successors(pairing, old, new).items():
        if successor is None and name not in pairing.gone:
            yield f"{FILE}: {name} has no successor: name it in [operations], or say in [gone] why there is none."


def _wrong_fields(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    for name, target in pairing.schemas.items():
        if name not in _schemas(old) or target not in _schemas(new):
            yield f"{FILE}: [schemas] pairs {name} with {target}, and one of them does not exist: correct it."
    for name, target in pairing.fields.items():
        if not _exists(name, old):
            yield f"{FILE}: [fields] names {name}, which does not exist: remove it."
        for one in [] if target.startswith(NONE) else target.split(", "):
            if not _exists(one, new):
                yield f"{FILE}: [fields] leads from {name} to {one}, which does not exist: correct it."


def _lost_fields(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    for name, schema in _schemas(old).items():
        kept = _schemas(new).get(pairing.schemas.get(name, ""), {}).get("properties", {})
        yield from (f"{name}.{field}" for field in schema.get("properties", {}) if field not in kept)


def _lost_parameters(pairing: Pairing, old: Json, new: Json) -> Iterator[str]:
    before, after = operations(old), operations(new)
    for name, successor in successors(pairing, old, new).items():
        if successor is not None and successor in after:
            kept = _parameters(after[successor])
            yield from (f"{name} {one}" for one in _parameters(before[name]) if one not in kept)


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
