"""The error of unusable settings, and the variable names that its messages mention."""

from typing import Any

from pydantic import SecretStr


class SettingsError(Exception):
    """The settings cannot be used. ``faults`` has one message for each variable: its name, and what to do.

    ``usable`` contains the groups that are valid, by name, so that ``strata doctor`` can go on with them.
    """

    def __init__(self, *faults: str, usable: dict[str, Any] | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.usable = usable or {}


def variable(*path: str) -> str:
    """Return the environment variable that sets the value at this path: ``variable("http", "port")``."""
    return "STRATA_" + "__".join(path).upper()


def require_secret(value: SecretStr | None, *path: str) -> SecretStr:
    """The secret at this path. Raises ``SettingsError`` when it is not set."""
    if value is None:
        message = f"{variable(*path)} must be set"
        raise SettingsError(message)
    return value
