"""The npm programs of ``package.json``. The server does not need them, so they may not be installed."""

import json
import shutil
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
_MODULES: Final = FOLDER / "node_modules"


def missing_tools() -> str | None:
    """A sentence that says which programs are missing and how to install them. ``None`` if none is missing."""
    if shutil.which("node") is None:
        return "node is not installed; with node 20.19 or newer, `make contract-tools` installs the rest."
    wanted: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    outdated = [name for name, version in wanted.items() if _installed_version(name) != version]
    return f"`make contract-tools` installs {', '.join(outdated)}." if outdated else None


def program_path(name: str) -> str:
    """The path of an installed program."""
    return str(_MODULES / ".bin" / name)


def _installed_version(package: str) -> str | None:
    manifest = _MODULES / package / "package.json"
    return json.loads(manifest.read_text())["version"] if manifest.exists() else None
