"""What a process of the mutants does with the application before it runs tests. Imports the application."""

import json
import tempfile
from functools import cache
from pathlib import Path

from app.main import create_app
from app.settings.http import HttpSettings
from app.settings.loading import load_settings
from tests.support.contract import CONTRACTS
from versions.registry import VERSIONS


def build_application() -> None:
    """Build what all tests share: the first application takes a hundred times as long as the next ones."""
    with tempfile.TemporaryDirectory(prefix="strata-mutants-") as home:
        create_app(load_settings(home=Path(home)))


@cache
def are_documents_frozen() -> bool:
    """Whether the documents equal the frozen contracts, which ``make check`` compares too."""
    return all(
        version.build(version, HttpSettings()).openapi()
        == json.loads((CONTRACTS / f"{version.name}.openapi.json").read_text(encoding="utf-8"))
        for version in VERSIONS
    )
