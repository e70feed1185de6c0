"""The tables cover every operation, field and error of both versions, or give a reason."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.laws.v1_v2.all import LAWS
from tests.laws.v1_v2.tables.failures import ONE_SIDED
from tests.laws.v1_v2.tables.fields import Shape
from tests.laws.v1_v2.tables.operations import ONLY_V1, ONLY_V2, PAIRS
from tests.laws.v1_v2.tables.shapes import SHAPES
from tests.support.operations import document, operations
from tests.truth.v1 import failures as v1
from tests.truth.v2 import failures as v2

NAMES = {law.name for law in LAWS}
TABLES: Mapping[str, Mapping[str, str]] = {"ONLY_V1": ONLY_V1, "ONLY_V2": ONLY_V2}
CALLED = {law.name.partition(".")[0] for law in LAWS}


@pytest.mark.parametrize(("version", "unpaired"), [("v1", ONLY_V1), ("v2", ONLY_V2)])
def test_every_operation_is_paired_or_has_a_reason(version: str, unpaired: dict[str, str]) -> None:
    paired = {pair.old if version == "v1" else pair.new for pair in PAIRS}
    assert paired.isdisjoint(unpaired)
    assert paired | set(unpaired) == {operation.name for operation in operations(version)}
    assert all(len(reason.split()) > 3 for reason in unpaired.values())


def test_every_pair_has_laws_and_every_law_exists() -> None:
    assert all(pair.laws for pair in PAIRS)
    assert {name for pair in PAIRS for name in pair.laws} <= NAMES
    words = " ".join([*ONLY_V1.values(), *ONLY_V2.values()]).replace(",", " ").split()
    assert {word for word in words if word.partition(".")[0] in CALLED and "." in word} <= NAMES


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.old}-{shape.new}")
def test_every_field_is_paired_or_has_a_reason(shape: Shape) -> None:
    old = [field.old for field in shape.fields] + list(shape.only_old)
    new = [field.new for field in shape.fields] + list(shape.only_new)
    assert sorted(old) == sorted(properties("v1", shape.old))
    assert sorted(new) == sorted(properties("v2", shape.new))


def properties(version: str, schema: str) -> dict[str, Any]:
    found: dict[str, Any] = document(version)["components"]["schemas"][schema]["properties"]
    return found


def test_a_failure_of_one_version_has_a_reason() -> None:
    assert v1.FAILURES.keys() ^ v2.FAILURES.keys() == ONE_SIDED.keys()


@pytest.mark.parametrize("table", TABLES)
def test_tables_name_tests_by_their_whole_ids(table: str) -> None:
    found = [entry for entry in TABLES[table].values() for _ in re.finditer(r"\btest_\w+\.py(?!::test_)", entry)]
    assert found == [], "a file may have tests of something else"
