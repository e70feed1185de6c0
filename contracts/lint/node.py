"""The programs of ``package.json``, which are no part of what serves and need not be on a machine."""

import json
import shutil
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
_MODULES: Final = FOLDER / "node_modules"


def lacking() -> str | None:
    """Why the programs cannot run, in a sentence that says what to do; ``None`` when they can."""
    if shutil.which("node") is None:
        return "node is not installed; with node 20.19 or newer, `make contract-tools` installs the rest."
    wanted: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    other = [name for name, version in wanted.items() if _installed(name) != version]
    return f"`make contract-tools` installs {', '.join(other)}." if other else None


def program(name: str) -> str:
    """The path of a program, which ``lacking`` says is there."""
    return str(_MODULES / ".bin" / name)


def _installed(package: str) -> str | None:
    described = _MODULES / package / "package.json"
    return json.loads(described.read_text())["version"] if described.exists() else None
