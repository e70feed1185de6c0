"""Who judges in production whether the contracts are kept, as settings say."""

from importlib.resources import files
from pathlib import Path

from app.settings import Settings
from observability.conformance.auditor import Auditor, ConformanceConfig
from versions.registry import VERSIONS


def contract_auditor(settings: Settings) -> Auditor | None:
    """The auditor of every version that has a frozen contract; ``None`` when no request is to be looked at."""
    asked = settings.conformance
    if not asked.sample_ratio:
        return None
    folder = asked.contracts or Path(str(files("contracts")))
    paths = {version: folder / f"{version.name}.openapi.json" for version in VERSIONS}
    contracts = {version.name: (version.prefix, path) for version, path in paths.items() if path.exists()}
    return Auditor(ConformanceConfig(contracts=contracts, body_bytes=asked.max_body_bytes))
