"""The declaration of an API version, as the registry lists it."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from app.lifecycle.version import VersionLifecycle
from app.settings.http import HttpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion(VersionLifecycle):
    """One version of the API: its lifecycle and the function that builds its application."""

    build: Callable[["ApiVersion", HttpSettings], FastAPI]

    @property
    def prefix(self) -> str:
        """The path under which the version is mounted."""
        return f"/api/{self.name}"
