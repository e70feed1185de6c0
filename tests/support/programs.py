"""Programs that may be missing: their tests are skipped, and fail in CI."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program of the machine or of the environment."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        report_missing(f"{name} is not installed")
    return found


def report_missing(message: str) -> NoReturn:
    """Skip the test for want of a program or package; in CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
