"""What is known of a version before any of its code runs."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from app.lifecycle.version import VersionLifecycle
from app.settings.http import HttpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion(VersionLifecycle):
    """One version of the API: its life, and how to build it."""

    build: Callable[["ApiVersion", HttpSettings], FastAPI]

    @property
    def prefix(self) -> str:
        """Where the version is mounted."""
        return f"/api/{self.name}"
