"""``UNSET``: the value of a field that a command does not give. ``None`` is a value of its own."""

from enum import Enum
from typing import Final, Literal, TypeAlias


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
Unset: TypeAlias = Literal[_Unset.UNSET]
"""The type of ``UNSET``: a field that may be left out is annotated ``str | Unset``."""
