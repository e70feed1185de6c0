"""Every code of a failure is in the table of a version, or the test that asserts it is named."""

import importlib
import pkgutil
import re
from itertools import chain

import pytest

import app
import versions
from app.errors import PROBLEM_TYPES, DomainError
from tests.support.named_tests import ROOT, functions
from tests.truth.failures import ANYWHERE, NO_OPERATION, OF_ONE_VERSION, ROOTS
from versions.registry import VERSIONS


@pytest.fixture(scope="module", autouse=True)
def _every_error_is_declared() -> None:
    """Import every module: a class of errors exists from then on."""
    for module in chain(
        pkgutil.walk_packages(app.__path__, "app."), pkgutil.walk_packages(versions.__path__, "versions.")
    ):
        if not module.name.startswith("app.migrations.") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def codes_of(version: str) -> set[str]:
    """The codes in the table of a version."""
    return set(importlib.import_module(f"tests.truth.{version}.failures").FAILURES)


def test_every_failure_is_in_a_table_or_has_a_reason() -> None:
    declared = set(PROBLEM_TYPES) - {"internal_error", "error"}
    returned = set[str]().union(*(codes_of(version.name) for version in VERSIONS))
    tables = [returned, set(ANYWHERE), set(ROOTS), set(NO_OPERATION)]
    assert sum(len(table) for table in tables) == len(set().union(*tables)), "a code is in two tables"
    assert set().union(OF_ONE_VERSION, *tables) - {"error"} == declared


def test_the_table_names_tests_by_their_whole_ids() -> None:
    found = [entry for entry in ANYWHERE.values() for _ in re.finditer(r"\btest_\w+\.py(?!::test_)", entry)]
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
