"""``UNSET``: the value of a field that a command does not change; ``None`` is a value."""

from enum import Enum
from typing import Final, Literal, TypeAlias


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
Unset: TypeAlias = Literal[_Unset.UNSET]
"""The type of ``UNSET``: annotate an optional field as ``str | Unset``."""
