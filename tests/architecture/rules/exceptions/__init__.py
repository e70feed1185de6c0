"""Exceptions of rules for one version each, from ``vN.py``: they are copied and removed with their version."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from versions.registry import VERSIONS


def _of_versions() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for version in VERSIONS:
        if Path(__file__).with_name(f"{version.name}.py").exists():
            for rule, places in import_module(f"{__name__}.{version.name}").EXCEPTIONS.items():
                found.setdefault(rule, {}).update(places)
    return found


OF_VERSIONS: Final = _of_versions()
"""Places and reasons by the name of the rule."""
