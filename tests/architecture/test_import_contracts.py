"""The import rules apply to folders that nobody has listed, and the number of edges inside ``app`` stays small."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
MOST_EDGES = 200
CONTRACTS = """
[importlinter]
root_packages =
    shop
contract_types =
    folder_layers: tests.architecture.import_contracts.FolderLayers
    folder_forbidden: tests.architecture.import_contracts.FolderForbidden
include_external_packages = True

[importlinter:contract:layers]
name = layers
type = folder_layers
layers =
    shop.web
    shop.*
    shop.kit

[importlinter:contract:no-web]
name = no web
type = folder_forbidden
package = shop
except_modules =
    shop.web
forbidden_modules =
    json
"""


def edges() -> set[tuple[str, str]]:
    """Imports between first-level folders and top-level modules of ``app``, each counted once."""
    graph = grimp.build_graph("app")
    names = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer in graph.modules - {"app"}
        for imported in graph.find_modules_directly_imported_by(importer) - {"app"}
    }
    return {(importer, imported) for importer, imported in names if importer != imported}


def test_app_has_few_edges_and_no_circle() -> None:
    found = edges()
    assert 40 < len(found) <= MOST_EDGES, sorted(found)
    remaining = dict.fromkeys({name for edge in found for name in edge}, 0)
    while remaining:
        leaves = [name for name in remaining if not any(a == name and b in remaining for a, b in found)]
        assert leaves, f"a circle within {sorted(remaining)}"
        for name in leaves:
            del remaining[name]


def lint(folder: Path, files: dict[str, str]) -> str:
    for name, text in {"__init__.py": "", "kit/__init__.py": "", "kit/clock.py": "", **files}.items():
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        (path.parent / "__init__.py").touch()
    config = folder / "contracts.ini"
    config.write_text(CONTRACTS)
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", str(config), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        (
            {"toys/service.py": "from shop.kit import clock", "web/a.py": "import json, shop.toys.service"},
            "2 kept, 0 broken",
        ),
        (
            {"toys/service.py": "import shop.books.service", "books/service.py": ""},
            "shop.toys.service -> shop.books.service",
        ),
        ({"toys/service.py": "import shop.web.a", "web/a.py": ""}, "shop.toys.service -> shop.web.a"),
        (
            {"kit/clock.py": "import shop.toys.service", "toys/service.py": "", "web/a.py": ""},
            "shop.kit.clock -> shop.toys",
        ),
        ({"toys/service.py": "import json", "web/a.py": ""}, "shop.toys is not allowed to import json"),
    ],
)
def test_a_new_folder_follows_the_rules(tmp_path: Path, files: dict[str, str], verdict: str) -> None:
    assert verdict in lint(tmp_path, {"web/__init__.py": "", **files})
