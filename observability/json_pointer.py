"""JSON pointers (RFC 6901).

``contracts.compat`` has its own functions: it works on any two documents and imports nothing of Strata.
"""

from collections.abc import Iterable


def format_pointer(steps: Iterable[str | int]) -> str:
    """The pointer to a value: ``/items/0/title``; empty for the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """The steps of a pointer, unescaped."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
