"""Errors that exist in HTTP only."""

from collections.abc import Mapping

from app.errors import DomainError


class HttpError(DomainError):
    """A rejected request, with header fields that state what the server accepts."""

    headers: Mapping[str, str] = {}
