"""The error of unusable settings, and the variable names that its messages mention."""


class SettingsError(Exception):
    """The settings cannot be used. The message names the variable and says what to do."""


def variable(*path: str) -> str:
    """Return the environment variable that sets the value at this path: ``variable("http", "port")``."""
    return "STRATA_" + "__".join(path).upper()
