"""The secrets a process needs: generated once in development, demanded by name in production."""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from pydantic import SecretStr, ValidationError

from app.settings import Settings

MINIMUM_LENGTH: Final = 32
_PLACEHOLDERS: Final = ("change", "secret", "default", "example", "password", "placeholder", "todo", "xxxx")
_REQUIRED: Final = {"auth": "signing_key", "http": "cursor_key"}


class SettingsError(Exception):
    """The settings cannot be used; the message says which and what to do."""


def load_settings(**overrides: object) -> Settings:
    """Read the environment and ``.env``, and see to it that every secret is there.

    Raises:
        SettingsError: a value is invalid, or a secret is missing, short or a placeholder in production.
    """
    try:
        # mypy cannot know that keyword arguments stand for settings here.
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the names
    except ValidationError as error:
        lines = [f"{variable(*map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors()]
        raise SettingsError("; ".join(lines)) from None
    return _with_secrets(settings)


def variable(*path: str) -> str:
    """The environment variable that sets the value at this path."""
    return "STRATA_" + "__".join(path).upper()


def database_url(settings: Settings) -> str:
    """The address of the database. Raises ``SettingsError`` where none is given."""
    if settings.database.url is None:
        message = f"{variable('database', 'url')} is not set: `strata up` sets it, or point it at a PostgreSQL >= 15"
        raise SettingsError(message)
    return settings.database.url.get_secret_value()


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read; a reader sees the old text or the new, never half."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def _with_secrets(settings: Settings) -> Settings:
    generated = {} if settings.production else _development_secrets(settings.home)
    groups: dict[str, object] = {}
    for group, name in _REQUIRED.items():
        values = getattr(settings, group)
        given: SecretStr | None = getattr(values, name)
        if settings.production:
            _refuse_weak(variable(group, name), given)
        elif given is None:
            groups[group] = values.model_copy(update={name: SecretStr(generated[name])})
    return settings.model_copy(update=groups)


def _refuse_weak(name: str, given: SecretStr | None) -> None:
    value = given.get_secret_value() if given is not None else ""
    if not value:
        message = f"{name} is missing: production needs its own secret, for example from `openssl rand -hex 32`"
        raise SettingsError(message)
    if value.startswith("-----BEGIN"):
        return
    if len(value) < MINIMUM_LENGTH or any(word in value.lower() for word in _PLACEHOLDERS):
        message = (
            f"{name} is a default or too short: production needs {MINIMUM_LENGTH} random characters and more, "
            "for example from `openssl rand -hex 32`"
        )
        raise SettingsError(message)


def _development_secrets(home: Path) -> dict[str, str]:
    path = home / "secrets.json"
    wanted = set(_REQUIRED.values())
    try:
        known: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        known = {}
    missing = wanted - known.keys()
    if missing:
        known |= {name: secrets.token_urlsafe(48) for name in missing}
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known
