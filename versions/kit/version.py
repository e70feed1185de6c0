"""The declaration of an API version, as the registry lists it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import FastAPI

from app.lifecycle.version import VersionLifecycle
from app.settings.http import HttpSettings
from versions.kit.events import NO_EVENTS, VersionEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion(VersionLifecycle):
    """One version of the API: its lifecycle, the function that builds its application, and the events that it knows."""

    build: Callable[["ApiVersion", HttpSettings], FastAPI]
    events: VersionEvents = field(default=NO_EVENTS, compare=False)

    @property
    def prefix(self) -> str:
        """The path under which the version is mounted."""
        return f"/api/{self.name}"
