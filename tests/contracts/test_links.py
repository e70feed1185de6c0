"""The links of the documents have existing targets, and connect the creation of a resource with its deletion."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.dialects import DIALECTS
from tests.support.operations import ALL, VERSIONS, Operation, operations

CHAINS = {(name, operation): found for name, dialect in DIALECTS.items() for operation, found in dialect.links.items()}
"""The operations that a creation links to. A batch also creates posts, but at no fixed position of its response."""


def links(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, response in operation.spec["responses"].items():
        for link in response.get("links", {}).values():
            yield status, link


@pytest.mark.parametrize("version", VERSIONS)
def test_links_refer_to_existing_operations_and_parameters(version: str) -> None:
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
def test_a_creation_links_to_the_operations_on_its_resource(chain: tuple[str, str]) -> None:
    (operation,) = (found for found in operations(chain[0]) if found.name == chain[1])
    assert {link["operationId"] for _, link in links(operation)} >= CHAINS[chain]


def test_every_creation_has_a_chain() -> None:
    creations = {(operation.version, operation.name) for operation in ALL if "201" in operation.spec["responses"]}
    assert creations
    assert creations <= set(CHAINS)


def test_only_the_creation_of_a_user_links_to_the_deletion_of_users() -> None:
    for operation in ALL:
        deletions = {"users.delete", "admin.delete_user"} & {link["operationId"] for _, link in links(operation)}
        assert not deletions or operation.name == "users.create"
