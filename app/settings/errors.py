"""The error of unusable settings, and the variable names that its messages mention."""

from pydantic import SecretStr


class SettingsError(Exception):
    """The settings cannot be used. The message names the variable and says what to do."""


def variable(*path: str) -> str:
    """Return the environment variable that sets the value at this path: ``variable("http", "port")``."""
    return "STRATA_" + "__".join(path).upper()


def require_secret(value: SecretStr | None, *path: str) -> SecretStr:
    """The secret at this path. Raises ``SettingsError`` when it is not set."""
    if value is None:
        message = f"{variable(*path)} must be set"
        raise SettingsError(message)
    return value
