"""The registry of versions. Each folder ``versions/vN`` declares itself in its module ``version``."""

from collections.abc import Iterator
from typing import Final

from app.events.rendering import RENDERERS, RETIREMENTS
from app.kit.discovery import modules
from app.lifecycle.errors import LifecycleError
from versions.kit.names import is_version_name, number_of
from versions.kit.version import ApiVersion


def declared_versions(package: str = "versions") -> tuple[ApiVersion, ...]:
    """Returns ``VERSION`` of each ``<package>.vN.version``, oldest first. Raises ``LifecycleError``."""
    return tuple(sorted(_declarations(package), key=lambda version: number_of(version.name)))


def _declarations(package: str) -> Iterator[ApiVersion]:
    for module in modules(package, "version"):
        folder = module.__name__.split(".")[-2]
        if not is_version_name(folder):  # `versions/kit/version.py` defines the class
            continue
        version: ApiVersion = module.VERSION
        if version.name != folder:
            raise LifecycleError([f"versions/{folder}/version.py declares '{version.name}': it must declare {folder}."])
        yield version


VERSIONS: Final = declared_versions()
"""The versions with a folder, oldest first."""
RENDERERS.update({version.name: version.events for version in VERSIONS})
RETIREMENTS.update({version.name: version.retired_at for version in VERSIONS if version.retired_at is not None})
