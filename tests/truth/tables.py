"""All tables: the ``TABLE`` of every module beside this one, with the requests of each version."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

import tests.truth
from tests.truth.table import Call, Table
from versions.registry import VERSIONS


def _tables() -> Iterator[Table]:
    # Modules without a table may register states.
    for module in pkgutil.iter_modules(tests.truth.__path__, "tests.truth."):
        if not module.ispkg and not module.name.startswith(("tests.truth.test_", "tests.truth.conftest", __name__)):
            found = getattr(importlib.import_module(module.name), "TABLE", None)
            if found is not None:
                yield _with_calls(found, module.name.rpartition(".")[2])


def _with_calls(table: Table, feature: str) -> Table:
    """The table with the requests of every version that has a module for the feature."""
    calls = {version.name: calls_of(version.name, feature) for version in VERSIONS}
    for version, by_act in calls.items():
        unknown = by_act.keys() - table.acts.keys()
        assert not unknown, f"tests/truth/{version}/{feature}.py: the table has no act {unknown}"
    acts = {
        name: replace(act, calls={version: by_act[name] for version, by_act in calls.items() if name in by_act})
        for name, act in table.acts.items()
    }
    return replace(table, acts=acts)


def calls_of(version: str, feature: str) -> Mapping[str, Sequence[Call]]:
    """``CALLS`` of ``tests/truth/<version>/<feature>.py``; none for a version without such a module."""
    package = importlib.import_module(f"tests.truth.{version}")
    if not any(module.name == feature for module in pkgutil.iter_modules(package.__path__)):
        return {}
    found: Mapping[str, Sequence[Call]] = importlib.import_module(f"{package.__name__}.{feature}").CALLS
    return found


TABLES: Final = list(_tables())
ROWS: Final = list(chain.from_iterable(table.parsed_rows() for table in TABLES))
KEYS: Final = list(chain.from_iterable(table.parsed_keys() for table in TABLES))
