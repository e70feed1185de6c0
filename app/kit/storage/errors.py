"""Why an operation on the store failed."""


class ObjectNotFound(Exception):
    """The store has no object with this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key}")


class ObjectExists(Exception):
    """The store has an object with this key, and objects never change."""

    def __init__(self, key: str) -> None:
        super().__init__(f"object {key} exists")
