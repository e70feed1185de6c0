"""Runs `strata contract` in this process, on documents that tests change."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.cli import main
from contracts import kinds

Json = Any
Run = Callable[..., tuple[int, str]]
"""Runs `strata contract` with these arguments, and returns the exit code and the output."""


def frozen_document(version: str) -> Json:
    return orjson.loads((kinds.FOLDER / f"{version}.openapi.json").read_bytes())


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `strata contract`. Returns the exit code and the output."""
    monkeypatch.setattr(sys, "argv", ["strata", "contract", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    printed = capsys.readouterr()
    return int(exited.value.code or 0), printed.out + printed.err


def find_request_schema(doc: Json, keyword: str) -> tuple[str, Json]:
    """The pointer and the schema of the first component or field in a request that has a keyword."""
    for item in doc["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            schema = doc["components"]["schemas"].get(name, {})
            if keyword in schema:
                return f"/components/schemas/{name}", schema
            for field, one in schema.get("properties", {}).items():
                if keyword in one:
                    return f"/components/schemas/{name}/properties/{field}", one
    raise AssertionError(keyword)


def patch_document(monkeypatch: pytest.MonkeyPatch, version: str, doc: Json, kind: str = "OPENAPI") -> None:
    """Make the code generate another document of a version."""
    original: kinds.ContractKind = getattr(kinds, kind)
    patched = replace(original, build=lambda one: doc if one.name == version else original.build(one))
    monkeypatch.setattr(kinds, kind, patched)
