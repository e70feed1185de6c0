"""A mutant in a running process: functions change in place, the rest needs a new import. Children have limits."""

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants.children import TOO_SLOW, Limits, run_in_child
from tests.mutants.plant import CannotPlantError, functions_by_code, plant

NAME = "planted_example"
SOURCE = """
import functools

LIMIT = 3


def logged(function):
    @functools.wraps(function)
    def call(value):
        return function(value)

    return call


class Range:
    lowest = 1

    @property
    def first(self):
        return self.lowest + 1


@logged
def is_allowed(value, limit=LIMIT):
    return value < limit


doubled = lambda value: value * 2
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / f"{NAME}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    yield importlib.import_module(NAME)
    sys.meta_path[:] = finders
    sys.modules.pop(NAME, None)


def _plant(module: ModuleType, old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    plant(NAME, str(module.__file__), SOURCE.replace(old, new), functions_by_code())


def test_functions_change_in_place_behind_decorators_and_properties(module: ModuleType) -> None:
    is_allowed, doubled, example = module.is_allowed, module.doubled, module.Range()
    _plant(module, "value < limit", "value <= limit")
    assert is_allowed(3)
    _plant(module, "self.lowest + 1", "self.lowest - 1")
    assert example.first == 0
    _plant(module, "value * 2", "None")
    assert doubled(1) is None


def test_a_closure_that_exists_already_changes(module: ModuleType) -> None:
    is_allowed = module.is_allowed
    _plant(module, "return function(value)", "return function(value) and None")
    assert is_allowed(1) is None


def test_an_equal_function_of_another_file_does_not_change(module: ModuleType, tmp_path: Path) -> None:
    """It has the same names, lines and code."""
    spec = importlib.util.spec_from_file_location("other_example", tmp_path / "other_example.py")
    assert spec is not None
    assert spec.loader is not None
    (tmp_path / "other_example.py").write_text(SOURCE)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    _plant(module, "value * 2", "None")
    assert (module.doubled(1), other.doubled(1)) == (None, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("lowest = 1", "lowest = 2"),
        ("limit=LIMIT)", "limit=None)"),
        ("return function(value)", "return None"),
    ],
)
def test_what_the_import_computed_needs_a_new_import(module: ModuleType, old: str, new: str) -> None:
    with pytest.raises(CannotPlantError):
        _plant(module, old, new)


def test_a_module_that_is_not_imported_yet_is_imported_with_the_mutant(module: ModuleType) -> None:
    del sys.modules[NAME]
    _plant(module, "LIMIT = 3", "LIMIT = 4")
    assert importlib.import_module(NAME).LIMIT == 4


GENEROUS = Limits(cpu=60, wall=60)


def test_a_child_returns_its_result() -> None:
    assert run_in_child(lambda _writer: "a test", GENEROUS) == "a test"
    assert run_in_child(lambda _writer: "", GENEROUS) == ""


def test_an_exception_of_a_child_is_its_result() -> None:
    assert run_in_child(lambda _writer: str(1 // 0), GENEROUS) == "ZeroDivisionError before the first test"


def test_a_child_that_waits_or_computes_for_too_long_is_ended() -> None:
    assert run_in_child(lambda _writer: str(time.sleep(600)), Limits(cpu=60, wall=0.2)) == TOO_SLOW

    def loop(_writer: int) -> str:
        while True:
            pass

    assert run_in_child(loop, Limits(cpu=1, wall=300)) == TOO_SLOW


def test_a_child_that_crashes_is_no_survivor() -> None:
    assert run_in_child(lambda _writer: str(os.kill(os.getpid(), signal.SIGTERM)), GENEROUS) == "ended by signal 15"
