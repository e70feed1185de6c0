"""Every row of every truth table holds in every version."""

import pytest

from tests.support.operations import VERSIONS
from tests.truth.runner import check_keys, check_row
from tests.truth.table import KeyRow, Row
from tests.truth.tables import KEYS, ROWS
from tests.truth.world import World


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
