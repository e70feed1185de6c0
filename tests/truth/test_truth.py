"""Every row of every truth table holds in every version."""

import importlib
import pkgutil
from collections.abc import Iterator
from itertools import chain

import pytest

import tests.truth
from tests.support.operations import VERSIONS
from tests.truth.runner import check_keys, check_row
from tests.truth.table import KeyRow, Row, Table
from tests.truth.world import World


def tables() -> Iterator[Table]:
    """The tables of the modules beside this one."""
    for module in pkgutil.iter_modules(tests.truth.__path__):
        if not module.name.startswith(("test_", "conftest")):
            found = getattr(importlib.import_module(f"tests.truth.{module.name}"), "TABLE", None)
            if found is not None:
                yield found


TABLES = list(tables())
ROWS = list(chain.from_iterable(table.parsed_rows() for table in TABLES))
KEYS = list(chain.from_iterable(table.parsed_keys() for table in TABLES))


def in_versions(rows: list[Row] | list[KeyRow]) -> list[object]:
    """The rows, each with the versions that perform its act."""
    return [
        pytest.param(row, version, id=f"{row}, {version}")
        for row in rows
        for version in VERSIONS
        if version in row.table.acts[row.act].calls
    ]


@pytest.mark.parametrize(("row", "version"), in_versions(ROWS))
async def test_callers(world: World, row: Row, version: str) -> None:
    await check_row(world, row, version)


@pytest.mark.parametrize(("row", "version"), in_versions(KEYS))
async def test_keys(world: World, row: KeyRow, version: str) -> None:
    await check_keys(world, row, version)
