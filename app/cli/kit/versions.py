"""Versions that a command names."""

from typing import TYPE_CHECKING

from app.cli.kit.output import CommandError

if TYPE_CHECKING:
    from versions.kit.version import ApiVersion


def existing_version(name: str) -> "ApiVersion":
    """The version of that name. Raises ``CommandError``."""
    from versions.registry import VERSIONS  # noqa: PLC0415 - other commands start faster without it

    for version in VERSIONS:
        if version.name == name:
            return version
    message = f"There is no version {name}."
    raise CommandError(message, f"The versions are {', '.join(version.name for version in VERSIONS)}.")
