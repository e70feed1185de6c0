"""Required secrets: production must set strong ones, development generates them once and stores them."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import SecretStr

from app.settings.errors import SettingsError, variable
from app.settings.group import Group, SecretRule
from app.settings.root import Settings

MINIMUM_LENGTH: Final = 32
_FILE: Final = "secrets.json"
_MINIMUM_DISTINCT_CHARACTERS: Final = 8
_PLACEHOLDERS: Final = ("change", "secret", "default", "example", "password", "placeholder", "todo", "xxxx")


Stored = dict[str, str | list[str]]
"""The content of ``secrets.json``: secrets by name; the name of a list ends in s."""


class _Secret(NamedTuple):
    group: Group
    name: str
    required: bool

    @property
    def values(self) -> list[SecretStr]:
        """The values that are set: none, one, or those of a list."""
        value: SecretStr | list[SecretStr] | None = getattr(self.group, self.name)
        return [] if value is None else value if isinstance(value, list) else [value]


def with_secrets(settings: Settings) -> Settings:
    """Return the settings with every required secret set.

    Raises ``SettingsError`` if one is missing or weak in production, or if the stored secrets are damaged, and
    ``TypeError`` if two groups require a secret of the same name, since ``secrets.json`` stores secrets by name.
    """
    if settings.production:
        faults = [fault for secret in _secrets(settings) if (fault := _weakness(secret)) is not None]
        if faults:
            raise SettingsError(*faults, usable=dict(settings))
        return settings
    required = [secret for secret in _secrets(settings) if secret.required]
    names = {secret.name for secret in required}
    if len(names) < len(required):
        message = f"two settings groups require a secret of the same name: {sorted(names)}"
        raise TypeError(message)
    stored = _development_secrets(settings.home, names)
    changes: dict[str, dict[str, object]] = {}
    for secret in required:
        if not secret.values:
            changes.setdefault(secret.group.group_name, {})[secret.name] = _stored_value(secret, stored)
    for secret in _secrets(settings):
        # A key that the environment sets has nothing to do with the rotation of a stored key.
        if secret.group.group_name in changes and not secret.required and not secret.values and secret.name in stored:
            changes[secret.group.group_name][secret.name] = _stored_value(secret, stored)
    groups = {secret.group.group_name: secret.group for secret in required}
    return settings.with_groups(*(groups[name].model_copy(update=values) for name, values in changes.items()))


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, atomically: a reader gets the old text or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def stored_secrets(home: Path) -> Stored:
    """The secrets that development stores under this home. Raises ``SettingsError`` if the file is damaged."""
    return _stored_secrets(home / _FILE)


def change_stored_secrets(home: Path, change: Callable[[Stored], Stored]) -> None:
    """Replace the stored secrets with what ``change`` returns for them; no other process changes them meanwhile."""
    with _locked(home):
        before = stored_secrets(home)
        if (after := change(before)) != before:
            _write(home, after)


def _secrets(settings: Settings) -> Iterator[_Secret]:
    for _, group in settings:
        if isinstance(group, Group):
            for name, field in type(group).model_fields.items():
                for rule in field.metadata:
                    if isinstance(rule, SecretRule):
                        yield _Secret(group, name, rule.required)


def _weakness(secret: _Secret) -> str | None:
    name = variable(secret.group.group_name, secret.name)
    values = [value.get_secret_value() for value in secret.values]
    if (secret.required and not values) or "" in values:
        return f"{name} is missing: production needs its own secret, for example from `openssl rand -hex 32`"
    if any(map(_is_weak, values)):
        return (
            f"{name} is a placeholder or too short: production needs at least {MINIMUM_LENGTH} random characters, "
            "for example from `openssl rand -hex 32`"
        )
    return None


def _is_weak(value: str) -> bool:
    if value.startswith("-----BEGIN"):
        return False
    monotonous = len(set(value)) < _MINIMUM_DISTINCT_CHARACTERS
    return len(value) < MINIMUM_LENGTH or monotonous or any(word in value.lower() for word in _PLACEHOLDERS)


def _stored_value(secret: _Secret, stored: Stored) -> SecretStr | list[SecretStr]:
    value = stored[secret.name]
    return SecretStr(value) if isinstance(value, str) else [SecretStr(each) for each in value]


def _development_secrets(home: Path, names: set[str]) -> Stored:
    """Return the secrets stored under this home; those of these names that are missing are generated."""
    stored = stored_secrets(home)
    if stored.keys() >= names:
        return stored
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two processes that start at once must end up with the same secrets.
    with _locked(home):
        stored = stored_secrets(home)
        missing = names - stored.keys()
        if missing:
            stored |= {name: secrets.token_urlsafe(48) for name in missing}
            _write(home, stored)
    return stored


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "secrets.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(home: Path, stored: Stored) -> None:
    write_private(home / _FILE, json.dumps(stored, indent=2) + "\n")


def _stored_secrets(path: Path) -> Stored:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(_is_storable(*item) for item in found.items()):
        message = (
            f"{path} is damaged: restore it from a backup, or delete it to generate new secrets (all sessions end)"
        )
        raise SettingsError(message)
    return found


def _is_storable(name: str, value: object) -> bool:
    if name.endswith("s"):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, str)
