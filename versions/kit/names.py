"""The names of versions: ``v`` and a number."""

import re
from typing import Final

_NAME: Final = re.compile(r"v([1-9][0-9]{0,3})")


def is_version_name(text: str) -> bool:
    """Whether a text is the name of a version: ``v1``, ``v12``."""
    return _NAME.fullmatch(text) is not None


def number_of(name: str) -> int:
    """Returns 12 for ``v12``. Raises ``ValueError`` for another text."""
    found = _NAME.fullmatch(name)
    if found is None:
        message = f"The name of a version must be v and a number, got '{name}'"
        raise ValueError(message)
    return int(found[1])
