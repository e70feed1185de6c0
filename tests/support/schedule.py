"""The order of the suite: the slowest scopes first, everything else as written or in random order.

A scope is what one pytest worker runs without a break: a file whose tests share a server or what they read, otherwise
one test.
"""

import json
import os
import random
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

ORDER_VARIABLE: Final = "TESTS_ORDER"
"""``written``, ``random`` or the seed of an order; in CI the default is ``random``."""
COSTS: Final = Path(__file__).parents[1] / "costs.json"
"""The durations of the scopes that take more than ``RECORDED_SECONDS``; ``make test-costs`` records them.

Seconds with their waits: a scope that waits for a minute must not start last.
"""
RECORDED_SECONDS: Final = 1.0
SHARED_SERVER: Final = (
    "tests/app/cli/test_doctor_storage.py",
    "tests/app/kit/storage/test_store.py",
    "tests/browser/",
    "tests/system/test_caching.py",
    "tests/system/test_compose_files.py",
    "tests/system/test_dashboards_alive.py",
    "tests/system/test_deployment.py",
    "tests/system/test_front_proxy.py",
    "tests/system/test_guessing_limits.py",
    "tests/system/test_operations_page.py",
    "tests/system/test_outages.py",
    "tests/system/test_runbooks.py",
    "tests/system/test_version_source.py",
    "tests/system/test_webhooks_observed.py",
    "tests/versions/test_transfers_over_s3.py",
    "tests/versions/v2/test_completions.py",
    "tests/versions/v2/test_presigned_downloads.py",
    "tests/versions/v2/test_presigned_uploads.py",
)
"""Folders, and files, whose tests share one running server, or one copy of the repository, per file."""
SHARED_READING: Final = (
    "tests/architecture/test_named_tests.py",
    "tests/architecture/test_planted_imports.py",
    "tests/architecture/test_rules.py",
)
"""Files whose tests read the same modules, which a worker parses once."""
WRITTEN: Final = "written"


def choose_order() -> str:
    """The order of this run. Workers inherit the choice from the process that starts them."""
    order = os.environ.get(ORDER_VARIABLE) or ("random" if os.environ.get("CI") else WRITTEN)
    if order == "random":
        order = str(secrets.randbelow(10**6))
    os.environ[ORDER_VARIABLE] = order
    return order


def scope_of(nodeid: str) -> str:
    """The scope of a test."""
    file = nodeid.partition("::")[0]
    return file if file.startswith(SHARED_SERVER) or file in SHARED_READING else nodeid


@cache
def recorded_costs() -> Mapping[str, float]:
    """The recorded durations by scope, in seconds."""
    found: dict[str, float] = json.loads(COSTS.read_text())
    return found


def arrange(items: Sequence[pytest.Item], order: str, costs: Mapping[str, float]) -> list[pytest.Item]:
    """The tests of the slowest scopes first, then the others file by file.

    A seed shuffles the files and the tests within each, but keeps the tests of a file together: they share fixtures.
    """
    arranged = list(items)
    if order != WRITTEN:
        arranged.sort(key=lambda item: random.Random(f"{order} {item.nodeid}").random())  # noqa: S311 - an order is no secret
        arranged.sort(key=lambda item: random.Random(f"{order} {_file(item)}").random())  # noqa: S311 - the same
    return sorted(arranged, key=lambda item: -costs.get(scope_of(item.nodeid), 0))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


class SlowestFirst(LoadScopeScheduling):
    """Assigns scopes to free workers in the order of the collection.

    ``xdist_group`` has no effect under pytest 9.2: xdist 3.8 writes a field that pytest removed.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        # xdist would otherwise start with the scopes that have the most tests.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
