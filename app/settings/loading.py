"""Reads the settings of a process from the environment and ``.env``."""

import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError, create_model

import app.settings
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError, variable
from app.settings.generated import with_secrets
from app.settings.group import Group
from app.settings.root import Settings


@cache
def settings_class() -> type[Settings]:
    """Return ``Settings`` with one field per group that a module of this folder defines.

    Raises ``TypeError`` if two groups have the same name.
    """
    fields: dict[str, Any] = {}
    for group in _groups():
        if group.group_name in fields:
            message = f"two settings groups have the name '{group.group_name}'"
            raise TypeError(message)
        fields[group.group_name] = (group, group())
    return create_model("Settings", __base__=Settings, **fields)


def load_settings(*, generate: bool = True, **overrides: object) -> Settings:
    """Read the environment and ``.env``, and make sure that every required secret is set.

    With ``generate=False`` nothing is written: in development, missing secrets stay ``None``.

    Raises:
        SettingsError: a value is invalid, or a secret is missing, short or a placeholder in production.
    """
    try:
        # mypy cannot check the names, which pydantic does.
        settings = settings_class()(**overrides)  # type: ignore[arg-type]  # any group, field or pydantic-settings option
    except ValidationError as error:
        lines = [f"{variable(*map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors()]
        raise SettingsError("; ".join(lines)) from None
    except UnicodeDecodeError:
        message = f"{Settings.model_config['env_file']} is not UTF-8"
        raise SettingsError(message) from None
    _reject_unknown_groups()
    return with_secrets(settings) if generate or settings.production else settings


def database_url(settings: Settings) -> str:
    """Return the URL of the database. Raises ``SettingsError`` if it is not set."""
    url = settings[DatabaseSettings].url
    if url is None:
        message = (
            f"{variable('database', 'url')} is not set: run `strata up`, or set it to the URL of a PostgreSQL >= 15"
        )
        raise SettingsError(message)
    return url.get_secret_value()


def _groups() -> Iterator[type[Group]]:
    for info in iter_modules(app.settings.__path__, f"{app.settings.__name__}."):
        for value in vars(import_module(info.name)).values():
            # An imported group belongs to the module that defines it.
            if isinstance(value, type) and issubclass(value, Group) and value.__module__ == info.name:
                yield value


def _reject_unknown_groups() -> None:
    """Reject a misspelt group, as pydantic rejects a misspelt name in a group.

    ``.env`` may be shared with other programs, so only variables with our prefix and our delimiter are checked.
    """
    config, groups = Settings.model_config, settings_class().model_fields
    prefix, delimiter = config["env_prefix"], config["env_nested_delimiter"] or ""
    for name in sorted({*os.environ, *dotenv_values(config["env_file"])}):  # type: ignore[arg-type]  # one path
        group, nested, _ = name.upper().removeprefix(prefix).partition(delimiter)
        if name.upper().startswith(prefix) and nested and group.lower() not in groups:
            message = f"{name}: there is no group '{group.lower()}'"
            raise SettingsError(message)
