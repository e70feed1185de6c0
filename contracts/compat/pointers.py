"""JSON pointers (RFC 6901)."""

from typing import Final

ITEM: Final = "/*"
"""The step to items of an array, or to members of a map, in the names of elements."""
UNNAMED: Final = "/?"
"""The step to a value that usage evidence has no element for."""


def join(pointer: str, *parts: str | int) -> str:
    """Append parts to a pointer, escaped."""
    for part in parts:
        text = str(part)
        if "~" in text or "/" in text:
            text = text.replace("~", "~0").replace("/", "~1")
        pointer = f"{pointer}/{text}"
    return pointer


def split(pointer: str) -> list[str]:
    """The parts of a pointer, unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
