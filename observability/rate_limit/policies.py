"""Rate-limit policies as data: ``{"burst": "100/minute", "daily": "10000/day"}``, parsed by slowapi."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from slowapi.wrappers import Limit, LimitGroup

_LARGEST: Final = 2**53
"""Lua's numbers are doubles; up to this value they count exactly, like Python's integers."""
_SECOND: Final = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """At most ``quota`` units in ``window`` seconds. Raises ``ValueError`` for numbers that cannot be counted.

    ``declared`` is slowapi's own object, which its ``RateLimitExceeded`` takes.
    """

    name: str
    quota: int
    window: int
    declared: Limit = field(compare=False, repr=False)
    milliseconds: int = field(init=False, repr=False)
    """``window`` in milliseconds, the unit of the counters."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "milliseconds", self.window * _SECOND)
        if self.quota < 1 or self.window < 1 or 3 * self.quota * self.milliseconds >= _LARGEST:
            message = f"{self.name}: {self.quota} in {self.window} s cannot be counted"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """The policies of a client, which apply together. ``name`` is the plan, or ``anonymous``.

    Compared by identity, which makes it a cheap cache key; build each set once.
    """

    name: str
    policies: tuple[Policy, ...]
    step: int = 1
    """The units of the dearest operation: a client that has fewer waits until it has as many."""

    @classmethod
    def parse(cls, name: str, texts: Mapping[str, str], step: int = 1) -> "PolicySet":
        """Parse a set from the text of each policy. Raises ``ValueError`` for an invalid text."""
        return cls(name, tuple(parse_policy(policy, text) for policy, text in texts.items()), step)


def parse_policy(name: str, text: str) -> Policy:
    """Parse one policy from a text that slowapi and ``limits`` understand. Raises ``ValueError``."""
    group: Iterator[Limit] = iter(
        LimitGroup(
            text,
            key_function=lambda: "",
            scope=name,
            per_method=False,
            methods=None,
            error_message=None,
            exempt_when=None,
            cost=1,
            override_defaults=False,
        )
    )
    limit, *others = group
    if others:
        message = f"{name}: {text!r} contains several limits; give each its own name"
        raise ValueError(message)
    return Policy(name, limit.limit.amount, limit.limit.get_expiry(), limit)
