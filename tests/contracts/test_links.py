"""What the documents link to exists, and every chain from making a thing to its end can be followed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.operations import ALL, VERSIONS, Operation, operations

CHAINS = {
    ("v1", "posts.create"): {"posts.get", "posts.update", "posts.delete", "posts.get_many"},
    ("v1", "users.create"): {"users.get", "users.update", "users.delete", "admin.delete_user", "auth.login"},
    ("v1", "auth.register"): {"auth.login"},
    ("v1", "auth.login"): {"auth.refresh"},
    ("v2", "posts.create"): {"posts.get", "posts.update", "posts.delete", "posts.view"},
    ("v2", "registrations.create"): {"tokens.create"},
    ("v2", "tokens.create"): {"tokens.create", "tokens.revoke"},
    ("v2", "sessions.get"): {"sessions.delete"},
}
"""What follows from what is made. A batch makes posts too, but not in a fixed place of its answer."""


def links(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, response in operation.spec["responses"].items():
        for link in response.get("links", {}).values():
            yield status, link


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_linked_to_is_there(version: str) -> None:
    known = {operation.name: operation for operation in operations(version)}
    found = 0
    for operation in known.values():
        for status, link in links(operation):
            target = known[link["operationId"]]
            names = {
                parameter["name"] for place in ("path", "query", "header") for parameter in target.parameters(place)
            }
            given = {name.rpartition(".")[2] for name in link.get("parameters", {})}
            where = f"{operation.name} {status} -> {target.name}"
            assert status.startswith("2"), where
            assert given <= names, where
            assert {parameter["name"] for parameter in target.parameters("path")} <= given, where
            assert set(link.get("requestBody", {})) <= set(target.body_properties), where
            found += 1
    assert found > 15


@pytest.mark.parametrize("chain", CHAINS, ids=" ".join)
def test_every_chain_is_linked(chain: tuple[str, str]) -> None:
    (operation,) = (found for found in operations(chain[0]) if found.name == chain[1])
    assert {link["operationId"] for _, link in links(operation)} >= CHAINS[chain]


def test_whatever_makes_something_has_a_chain() -> None:
    making = {(operation.version, operation.name) for operation in ALL if "201" in operation.spec["responses"]}
    assert making
    assert making <= set(CHAINS)


def test_nothing_leads_to_the_end_of_an_account_that_was_there_before() -> None:
    for operation in ALL:
        ends = {"users.delete", "admin.delete_user"} & {link["operationId"] for _, link in links(operation)}
        assert not ends or operation.name == "users.create"
