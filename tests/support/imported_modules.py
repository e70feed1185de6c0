"""A plugin of pytest that imports every test module, and collects the tests of those in ``--tests-of`` only."""

from pathlib import Path

import pytest


class _Imported(pytest.Module):
    """A module without tests, whose collection fails when it cannot be imported."""

    def collect(self) -> list[pytest.Item]:
        assert self.obj
        return []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tests-of", action="append", default=[], help="the name of a file")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if module_path.name in parent.config.getoption("tests_of"):
        return None
    return _Imported.from_parent(parent, path=module_path)
