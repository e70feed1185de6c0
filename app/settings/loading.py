"""Reads the settings of a process from the environment and ``.env``."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import ValidationError, create_model
from pydantic_settings.exceptions import SettingsError as SourceError

import app.settings
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError, variable
from app.settings.generated import with_secrets
from app.settings.group import Group
from app.settings.root import Settings

COMPOSE_VARIABLES: Final = frozenset({"STRATA_ACME_EMAIL", "STRATA_DOMAIN", "STRATA_IMAGE", "STRATA_WORKERS"})
"""Variables of docker-compose.yml, which a shared ``.env`` may contain."""


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
        faults = [*_unknown_variables(), *_conflicts(settings)]
    except (ValidationError, SourceError):
        settings, faults = None, [*_faults_of_groups(overrides), *_unknown_variables()]
    except UnicodeDecodeError:
        message = f"{Settings.model_config['env_file']} is not UTF-8"
        raise SettingsError(message) from None
    if settings is None or faults:
        raise SettingsError(*faults, usable=_valid_values(overrides))
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


def _each_field(overrides: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Read each field of the settings alone: its name, and its value or the error."""
    for name, field in settings_class().model_fields.items():
        fields: dict[str, Any] = {name: (field.annotation, field)}
        single: type[Settings] = create_model("SingleField", __base__=Settings, **fields)
        given = {name: overrides[name]} if name in overrides else {}
        try:
            yield name, getattr(single(**given), name)  # type: ignore[arg-type]  # as in load_settings
        except (ValidationError, SourceError) as error:
            yield name, error


def _valid_values(overrides: dict[str, object]) -> dict[str, Any]:
    return {name: value for name, value in _each_field(overrides) if not isinstance(value, Exception)}


def _faults_of_groups(overrides: dict[str, object]) -> list[str]:
    """One message for each invalid variable."""
    faults = []
    for name, error in _each_field(overrides):
        if isinstance(error, ValidationError):
            faults += [f"{variable(*map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors()]
        elif isinstance(error, SourceError):
            faults.append(f"{variable(name)} must be a JSON object, or set one value with {variable(name)}__NAME")
    return faults


def _conflicts(settings: Settings) -> Iterator[str]:
    for name in settings_class().model_fields:
        group = getattr(settings, name)
        if isinstance(group, Group):
            yield from group.conflicts(settings)


def _unknown_variables() -> list[str]:
    """One message for each variable with our prefix that sets nothing.

    ``.env`` may be shared with other programs, so variables with another prefix are ignored. pydantic rejects a
    misspelt name within a group.
    """
    config, fields = Settings.model_config, settings_class().model_fields
    prefix, delimiter = config["env_prefix"], config["env_nested_delimiter"] or ""
    faults = []
    for name in sorted({*os.environ, *dotenv_values(config["env_file"])}):  # type: ignore[arg-type]  # one path
        field = name.upper().removeprefix(prefix).partition(delimiter)[0]
        if name.upper().startswith(prefix) and field.lower() not in fields and name.upper() not in COMPOSE_VARIABLES:
            alike = get_close_matches(name.upper(), _variables(), 1)
            faults.append(f"{name} is not a setting" + (f"; did you mean {alike[0]}?" if alike else ""))
    return faults


def _variables() -> Iterator[str]:
    """The variables of all settings."""
    for name, field in settings_class().model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, Group):
            yield from (variable(name, member) for member in group.model_fields)
        else:
            yield variable(name)
