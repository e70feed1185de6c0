"""Each version has the operations that `contracts/operations.toml` promises, and no others."""

import json
import tomllib
from typing import Any, Final

import pytest

from app.lifecycle.version import VersionStatus
from contracts import kinds
from versions.registry import VERSIONS

PROMISED: Final[dict[str, dict[str, str]]] = tomllib.loads((kinds.FOLDER / "operations.toml").read_text())
METHODS: Final = {"get", "put", "post", "delete", "patch"}


def document(kind: kinds.ContractKind, version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kind.frozen_path(version, kinds.FOLDER).read_text())
    return found


def operations(version: str) -> dict[str, str]:
    """The operations of the frozen contract, and its WebSockets by the name of their channel."""
    paths = document(kinds.OPENAPI, version)["paths"]
    requests = {
        spec["operationId"]: f"{method.upper()} {path}"
        for path, item in paths.items()
        for method, spec in item.items()
        if method in METHODS
    }
    channels = document(kinds.ASYNCAPI, version)["channels"]
    sockets = {name: f"WS {one['address']}" for name, one in channels.items() if "ws" in one.get("bindings", {})}
    return requests | sockets


@pytest.mark.parametrize("version", [one.name for one in VERSIONS if one.name in PROMISED])
def test_a_version_has_the_promised_operations(version: str) -> None:
    assert operations(version) == PROMISED[version]


def test_every_version_that_promises_something_is_listed() -> None:
    assert {one.name for one in VERSIONS if one.status is not VersionStatus.PREVIEW} <= PROMISED.keys()
