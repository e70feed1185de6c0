"""The tables cover every operation, field and error of both versions, or give a reason."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

import pytest

import app
import versions
from app.errors import PROBLEM_TYPES, DomainError
from tests.laws.all import LAWS
from tests.laws.tables.failures import ANYWHERE, FAILURES, ONE_SIDED, ROOTS
from tests.laws.tables.fields import SHAPES, Shape
from tests.laws.tables.operations import ONLY_V1, ONLY_V2, PAIRS
from tests.support.named_tests import ROOT, functions
from tests.support.operations import document, operations

NAMES = {law.name for law in LAWS}
TABLES: Mapping[str, Mapping[str, str]] = {"ANYWHERE": ANYWHERE, "ONLY_V1": ONLY_V1, "ONLY_V2": ONLY_V2}
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


def test_every_failure_is_in_the_table_or_has_a_reason() -> None:
    for module in chain(
        pkgutil.walk_packages(app.__path__, "app."), pkgutil.walk_packages(versions.__path__, "versions.")
    ):
        if not module.name.startswith("app.migrations.") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    codes = set(PROBLEM_TYPES) - {"internal_error", "error"}
    tables = [set(FAILURES), set(ONE_SIDED), set(ANYWHERE), set(ROOTS)]
    assert sum(len(table) for table in tables) == len(set().union(*tables)), "a code is in two tables"
    assert set().union(*tables) - {"error"} == codes


@pytest.mark.parametrize("table", TABLES)
def test_tables_name_tests_by_their_whole_ids(table: str) -> None:
    found = [entry for entry in TABLES[table].values() for _ in re.finditer(r"\btest_\w+\.py(?!::test_)", entry)]
    assert found == [], "a file may have tests of something else"


def declaring_classes(code: str) -> set[str]:
    """The names of the error classes with a code."""
    kinds, waiting = set(), [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.code == code:
            kinds.add(kind.__name__)
    return kinds


@pytest.mark.parametrize("code", ANYWHERE)
def test_a_test_of_the_table_asserts_the_code_or_its_class(code: str) -> None:
    file, test = ANYWHERE[code].split("::")
    source = functions(ROOT / file)[test]
    assert any(re.search(rf"\b{word}\b", source) for word in {code, *declaring_classes(code)}), source
