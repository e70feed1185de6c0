"""What tests of every version send, by version: ``vN.py`` of each.

A test that is about every version takes its requests from here, so it needs no edit when a version is added or removed.
"""

from importlib import import_module
from typing import Final

from tests.support.dialects.dialect import Dialect
from versions.registry import VERSIONS

DIALECTS: Final[dict[str, Dialect]] = {
    version.name: import_module(f"tests.support.dialects.{version.name}").DIALECT for version in VERSIONS
}
"""By the name of the version, oldest first."""
