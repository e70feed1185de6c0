"""The order of the suite: slow scopes first, the rest by a seed, and each shared server on one worker."""

import itertools
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.support.named_tests import functions
from tests.support.schedule import (
    SHARED_READING,
    SHARED_SERVER,
    WRITTEN,
    arrange,
    choose_order,
    recorded_costs,
    scope_of,
)

ROOT: Final = Path(__file__).parents[2]
NODES: Final = [f"tests/{file}.py::test_{number}" for file in "abc" for number in range(4)]
COSTS: Final = {"tests/b.py::test_2": 9.0, "tests/c.py::test_0": 30.0}


def order_of(order: str, costs: dict[str, float] | None = None) -> list[str]:
    items: list[Any] = [SimpleNamespace(nodeid=node) for node in NODES]
    return [item.nodeid for item in arrange(items, order, costs or {})]


def test_the_slowest_scopes_come_first() -> None:
    for order in (WRITTEN, "7"):
        assert order_of(order, COSTS)[:2] == ["tests/c.py::test_0", "tests/b.py::test_2"]
    assert order_of(WRITTEN, COSTS)[2:6] == NODES[:4]


def test_a_seed_decides_the_order() -> None:
    assert order_of(WRITTEN) == NODES
    assert order_of("7") == order_of("7")
    assert sorted(order_of("7")) == NODES
    assert len({tuple(order_of(str(seed))) for seed in range(20)}) > 15


def test_tests_of_a_file_stay_together() -> None:
    files = [node.partition("::")[0] for node in order_of("7")]
    changes = sum(one != following for one, following in itertools.pairwise(files))
    assert changes == 2


@pytest.mark.parametrize(
    ("given", "ci", "chosen"), [("", "", WRITTEN), ("", "true", "5"), ("random", "", "5"), ("42", "true", "42")]
)
def test_ci_chooses_a_random_order(monkeypatch: pytest.MonkeyPatch, given: str, ci: str, chosen: str) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _limit: 5)
    for name, value in (("TESTS_ORDER", given), ("CI", ci)):
        monkeypatch.setenv(name, value)
    assert choose_order() == chosen
    assert choose_order() == chosen, "workers inherit it"


def test_a_file_whose_tests_share_something_is_one_scope() -> None:
    for file in SHARED_SERVER + SHARED_READING:
        assert scope_of(f"{file}::test_1") == file
    assert scope_of(NODES[0]) == NODES[0]


def test_every_file_that_shares_a_server_is_listed() -> None:
    shared = {
        str(path.relative_to(ROOT))
        for folder in ("browser", "system")
        for path in (ROOT / "tests" / folder).glob("test_*.py")
        if 'fixture(scope="module")' in path.read_text()
    }
    # The S3 server of the whole machine is that of one file at a time.
    in_bucket = ("s3_server:", "uploader:")
    for path in (ROOT / "tests").rglob("test_*.py"):
        if any(argument in path.read_text() for argument in in_bucket) and path != Path(__file__):
            shared.add(str(path.relative_to(ROOT)))
    assert {path for path in shared if not path.startswith(SHARED_SERVER)} == set()
    assert {entry for entry in SHARED_SERVER if not any(path.startswith(entry) for path in shared)} == set()


def test_the_order_is_independent_of_the_state_of_the_generator() -> None:
    random.seed(1)
    first = order_of("7")
    random.seed(2)
    assert order_of("7") == first


def test_recorded_costs_are_of_tests_that_exist() -> None:
    missing = []
    for scope in recorded_costs():
        file, _, test = scope.partition("::")
        if not (ROOT / file).exists() or (test and test.partition("[")[0] not in functions(ROOT / file)):
            missing.append(scope)
    assert missing == [], "make test-costs records them anew"
