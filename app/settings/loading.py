"""The secrets a process needs: generated once in development, demanded by name in production."""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError

from app.settings.groups import Settings

MINIMUM_LENGTH: Final = 32
_FEWEST_CHARACTERS: Final = 8
_PLACEHOLDERS: Final = ("change", "secret", "default", "example", "password", "placeholder", "todo", "xxxx")
_REQUIRED: Final = {"auth": "signing_key", "http": "cursor_key"}


class SettingsError(Exception):
    """The settings cannot be used; the message says which and what to do."""


def load_settings(*, generate: bool = True, **overrides: object) -> Settings:
    """Read the environment and ``.env``, and see to it that every secret is there.

    With ``generate=False`` nothing is written: secrets that development would generate stay absent.

    Raises:
        SettingsError: a value is invalid, or a secret is missing, short or a placeholder in production.
    """
    try:
        # mypy cannot know that keyword arguments stand for settings here.
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the names
    except ValidationError as error:
        lines = [f"{variable(*map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors()]
        raise SettingsError("; ".join(lines)) from None
    except UnicodeDecodeError:
        message = f"{Settings.model_config['env_file']} is not UTF-8"
        raise SettingsError(message) from None
    _refuse_unknown_groups()
    return _with_secrets(settings) if generate or settings.production else settings


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
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _refuse_unknown_groups() -> None:
    """A misspelt group is an error, as a misspelt name in a group is.

    ``.env`` may be shared with other programs; what has our prefix and our delimiter is meant for us.
    """
    config = Settings.model_config
    prefix, delimiter = config["env_prefix"], config["env_nested_delimiter"] or ""
    for name in sorted({*os.environ, *dotenv_values(config["env_file"])}):  # type: ignore[arg-type]  # one path
        group, nested, _ = name.upper().removeprefix(prefix).partition(delimiter)
        if name.upper().startswith(prefix) and nested and group.lower() not in Settings.model_fields:
            message = f"{name}: there is no group '{group.lower()}'"
            raise SettingsError(message)


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
    for previous in settings.auth.previous_signing_keys if settings.production else ():
        # What is accepted is worth as much as what is used to sign.
        _refuse_weak(variable("auth", "previous_signing_keys"), previous)
    return settings.model_copy(update=groups)


def _refuse_weak(name: str, given: SecretStr | None) -> None:
    value = given.get_secret_value() if given is not None else ""
    if not value:
        message = f"{name} is missing: production needs its own secret, for example from `openssl rand -hex 32`"
        raise SettingsError(message)
    if value.startswith("-----BEGIN"):
        return
    monotonous = len(set(value)) < _FEWEST_CHARACTERS
    if len(value) < MINIMUM_LENGTH or monotonous or any(word in value.lower() for word in _PLACEHOLDERS):
        message = (
            f"{name} is a default or too short: production needs {MINIMUM_LENGTH} random characters and more, "
            "for example from `openssl rand -hex 32`"
        )
        raise SettingsError(message)


def _development_secrets(home: Path) -> dict[str, str]:
    path = home / "secrets.json"
    known = _known_secrets(path)
    if known.keys() >= set(_REQUIRED.values()):
        return known
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two processes that start at once must end up with the same secrets.
    with (home / "secrets.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _known_secrets(path)
        missing = set(_REQUIRED.values()) - known.keys()
        if missing:
            known |= {name: secrets.token_urlsafe(48) for name in missing}
            write_private(path, json.dumps(known, indent=2) + "\n")
    return known


def _known_secrets(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        message = f"{path} is damaged: put its backup back, or remove it to get new secrets (all sessions end)"
        raise SettingsError(message)
    return found
