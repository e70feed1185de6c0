"""Input of the use cases of the lifecycle feature."""

from dataclasses import dataclass
from typing import Final

QUIET_DAYS: Final = 30
"""Days without use before a version may be retired."""


@dataclass(frozen=True, slots=True)
class RetirementPolicy:
    """Conditions of a retirement: ``quiet_days`` without use, also by anonymous callers unless they are given up."""

    quiet_days: int = QUIET_DAYS
    give_up_anonymous: bool = False
