"""The server of this home, for commands that send requests to it."""

import json
from typing import Final
from urllib.parse import urlsplit

from app.cli.kit.bootstrap import credentials_path
from app.cli.kit.environment import read_settings
from app.cli.kit.output import CommandError
from app.settings.http import HttpSettings

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def server_url(given: str | None) -> str:
    """The given URL, or the URL of the server that `strata up` runs for this home."""
    if given is not None:
        return given.rstrip("/")
    settings = read_settings()
    path = credentials_path(settings.home)
    try:
        url: str = json.loads(path.read_text())["base_url"]
    except (OSError, ValueError, KeyError, TypeError):
        return settings[HttpSettings].base_url
    return url


def ensure_loopback(url: str) -> None:
    """Raise ``CommandError`` for a server on another machine, which must not receive generated load."""
    if urlsplit(url).hostname not in LOOPBACK:
        message = f"The server must be on this machine, since this command generates load; got {url}."
        raise CommandError(message, "Pass the URL of a server on 127.0.0.1 or localhost.")
