"""The packages of npm that tests run with Node.js."""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.support.programs import program

NODE_FOLDER: Final = Path(__file__).parent / "oidc_provider"


def node_with(package: str) -> str:
    """The interpreter, where this package is installed; otherwise the test is skipped, and fails in CI."""
    node = program("node")
    if not (NODE_FOLDER / "node_modules" / package).is_dir():
        message = f"`make test-tools` installs {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return node
