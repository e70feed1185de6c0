"""Why an operation on the store failed."""

from app.errors import Conflict


class ObjectNotFound(Exception):
    """The store has no object with this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key}")


class ObjectExists(Exception):
    """The store has an object with this key, and objects never change."""

    def __init__(self, key: str) -> None:
        super().__init__(f"object {key} exists")


class StorageNotConfigured(Conflict):
    code = "storage_not_configured"
    detail = "This server does not store files there."

    def __init__(self, configured: str) -> None:
        super().__init__(f"This server does not store files there: use storage={configured}, or leave it out.")


class RulesUnknown(Exception):
    """The bucket does not show its lifecycle rules. The message contains no URL."""
