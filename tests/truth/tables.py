"""All tables: the ``TABLE`` of every module beside this one."""

import importlib
import pkgutil
from collections.abc import Iterator
from itertools import chain
from typing import Final

import tests.truth
from tests.truth.table import Table


def _tables() -> Iterator[Table]:
    # Modules without a table may register states.
    for module in pkgutil.iter_modules(tests.truth.__path__, "tests.truth."):
        if not module.name.startswith(("tests.truth.test_", "tests.truth.conftest", __name__)):
            found = getattr(importlib.import_module(module.name), "TABLE", None)
            if found is not None:
                yield found


TABLES: Final = list(_tables())
ROWS: Final = list(chain.from_iterable(table.parsed_rows() for table in TABLES))
KEYS: Final = list(chain.from_iterable(table.parsed_keys() for table in TABLES))
