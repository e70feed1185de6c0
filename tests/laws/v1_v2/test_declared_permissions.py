"""Corresponding operations of v1 and v2 declare that they need the same permissions."""

from collections.abc import Iterator
from typing import Final

from tests.laws.v1_v2.tables.operations import PAIRS
from tests.support.operations import Operation, operations

BY_VERSION: Final = {
    (operation.version, operation.name): operation for version in ("v1", "v2") for operation in operations(version)
}


def alternatives(operation: Operation) -> list[frozenset[str]]:
    """The declared sets of permissions: the first applies to the caller's own user, the last to other objects."""
    return [frozenset(text.split()) for text in operation.spec["x-required-permission"]]


def pairs() -> Iterator[tuple[Operation, Operation]]:
    for pair in PAIRS:
        yield BY_VERSION["v1", pair.old], BY_VERSION["v2", pair.new]


def test_both_versions_declare_the_same() -> None:
    for old, new in pairs():
        one, other = set(alternatives(old)), set(alternatives(new))
        if new.name == "posts.batch":
            # Its operations are only known after the body is read, so it needs what the most demanding one needs.
            assert one.pop() <= other.pop()
            continue
        if new.name == "jobs.create":
            # The type of the job is known after the body is read; the service then requires the rest.
            assert other.pop() <= one.pop()
            continue
        # An operation on the caller's own user has the alternative for it only.
        assert one <= other or other <= one, f"v1 {old.name}, v2 {new.name}"
