"""Every list and search of the contracts, and requests with the values that could make one expensive."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Final
from uuid import UUID

from app.models import User
from tests.support.app import Person
from tests.support.dialects import DIALECTS
from tests.support.large_tables import ABSENT, COMMON, RARE
from tests.support.operations import ALL, Operation, resolve

SINGLE, PAIRS = 1, 2
"""How many parameters a request has at most."""
_PAGE: Final = {"limit", "page_size", "page", "skip", "cursor", "fields", "include", "after", "since", "until"}
"""Parameters that neither filter nor sort in a way of their own."""
_WORDS: Final = {"q", "query", "search"}
_AUTHORS: Final = {"author_id", "user_id", "actor_id", "target_id"}
_STORED: Final = {"action": "session.created", "type": "email"}
"""What the rows contain, for parameters whose values no contract lists."""
_ABSENT: Final = {"action": "nothing.happened", "type": "nothing"}


def is_list(operation: Operation) -> bool:
    """Whether a read returns an array, or a page of one, as JSON."""
    if operation.method != "GET":
        return False
    content = operation.spec["responses"].get("200", {}).get("content", {})
    schema = resolve(content.get("application/json", {}).get("schema", {}), operation.version)
    members = schema.get("properties", {})
    return "array" in {schema.get("type"), *(members.get(name, {}).get("type") for name in ("data", "items"))}


LISTS: Final = [operation for operation in ALL if is_list(operation) and not operation.name.startswith("exports.")]
"""Exports are streamed as a whole."""


@dataclass(frozen=True)
class Callers:
    """Users with few unpublished posts, with many posts, without posts, and with every permission."""

    writer: Person
    busy: Person
    quiet: Person
    root: Person
    sessions: Mapping[str, dict[str, str]]
    """Credentials by the address of the user."""

    def headers(self) -> dict[str, dict[str, str]]:
        """The credentials of each kind of caller."""
        people = {"writer": self.writer, "quiet": self.quiet, "root": self.root}
        return {"anonymous": {}, **{name: self.sessions[person.user.email] for name, person in people.items()}}

    def authors(self, version: str) -> dict[str, Any]:
        """Values of a parameter that names a user."""
        people = {"a busy author": self.busy, "no posts": self.quiet, "only drafts": self.writer}
        users = {**{name: person.user for name, person in people.items()}, "nobody": User(id=2**40, uid=UUID(int=7))}
        return {name: DIALECTS[version].user_id(user) for name, user in users.items()}


def values_of(operation: Operation, callers: Callers) -> dict[str, dict[str, Any]]:
    """The values of each filter and sort parameter by their labels."""
    found: dict[str, dict[str, Any]] = {}
    for parameter in operation.parameters("query"):
        name, schema = parameter["name"], resolve(parameter["schema"], operation.version)
        if name in _PAGE:
            continue
        if name in _WORDS:
            found[name] = {"common": COMMON, "rare": RARE, "absent": ABSENT}
        elif name in _AUTHORS:
            found[name] = callers.authors(operation.version)
        elif name in _STORED:
            found[name] = {"stored": _STORED[name], "absent": _ABSENT[name]}
        else:
            found[name] = {str(value): value for value in _choices(operation, parameter, schema)}
    return found


def _choices(operation: Operation, parameter: Any, schema: Any) -> Sequence[Any]:
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        part = resolve(each, operation.version)
        items = resolve(part.get("items", {}), operation.version)
        if choices := part.get("enum") or items.get("enum"):
            return list(choices)
        if part.get("type") == "boolean":
            return ["true", "false"]
    return [parameter["example"]] if "example" in parameter else list(schema.get("examples", ()))[:1]


def queries_of(operation: Operation, callers: Callers, most: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels and parameters of the requests: each combination of up to ``most`` parameters, and required ones."""
    values = values_of(operation, callers)
    required = {one["name"] for one in operation.parameters("query") if one.get("required")}
    for size in range(most + 1):
        for names in combinations(values, size):
            if not required <= set(names):
                continue
            for chosen in product(*(values[name].items() for name in names)):
                label = ", ".join(f"{name} {label}" for name, (label, _) in zip(names, chosen, strict=True))
                yield label, {name: value for name, (_, value) in zip(names, chosen, strict=True)}
