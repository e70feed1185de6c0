"""Modules of a common name are found by walking the folders of a package."""

import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kit.discovery import modules


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with the folders zebra and ant, which declare ``policy``, and bare, which does not."""
    root = tmp_path / "discovered_product"
    for folder in ("zebra", "ant", "bare"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
    (root / "__init__.py").touch()
    (root / "policy.py").write_text("raise AssertionError('not in a folder')\n")
    (root / "zebra" / "policy.py").write_text("NAME = 'zebra'\n")
    (root / "ant" / "policy.py").write_text("NAME = 'ant'\n")
    (root / "bare" / "__init__.py").write_text("raise AssertionError('imported without need')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    modules.cache_clear()
    yield root.name
    for name in [name for name in sys.modules if name.partition(".")[0] == root.name]:
        del sys.modules[name]


def test_modules_of_one_name_come_sorted_by_folder(product: str) -> None:
    assert [module.NAME for module in modules(product, "policy")] == ["ant", "zebra"]
    assert f"{product}.bare" not in sys.modules


def test_a_folder_can_be_left_out(product: str) -> None:
    assert [module.NAME for module in modules(product, "policy", but=("ant", "none"))] == ["zebra"]
    assert f"{product}.ant.policy" not in sys.modules


def test_folders_are_read_once(product: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests ask, for what all features do when a user or a file is deleted."""
    first = modules(product, "policy")

    def read(*_: object) -> None:
        pytest.fail("the folders are read again")

    monkeypatch.setattr(pkgutil, "iter_modules", read)
    assert modules(product, "policy") is first


def test_a_name_that_no_folder_declares_yields_nothing(product: str) -> None:
    assert modules(product, "metrics") == ()


def test_a_module_that_fails_to_import_raises_its_error(product: str, tmp_path: Path) -> None:
    (tmp_path / product / "ant" / "jobs.py").write_text("import discovered_product.missing\n")

    with pytest.raises(ModuleNotFoundError, match=r"discovered_product\.missing"):
        modules(product, "jobs")
