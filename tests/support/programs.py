"""Programs that a machine may lack: without them a test is skipped, in CI it fails."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """The path of a program, for a test that runs the real thing."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found
