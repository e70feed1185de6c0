"""The packages of npm that tests run with Node.js."""

from pathlib import Path
from typing import Final

from tests.support.programs import program, report_missing

NODE_FOLDER: Final = Path(__file__).parent / "oidc_provider"


def node_with(package: str) -> str:
    """The interpreter, where this package is installed; otherwise the test is skipped, and fails in CI."""
    node = program("node")
    if not (NODE_FOLDER / "node_modules" / package).is_dir():
        report_missing(f"`make test-tools` installs {package}")
    return node
