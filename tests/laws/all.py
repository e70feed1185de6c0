"""All laws of both versions, by the family."""

from types import ModuleType
from typing import Final

from tests.laws import machine, pages, permissions, posts, preconditions, refusals, sessions, users
from tests.laws.law import Law

FAMILIES: Final[tuple[ModuleType, ...]] = (posts, users, sessions, pages, permissions, refusals, preconditions, machine)
LAWS: Final = [each for family in FAMILIES for each in vars(family).values() if isinstance(each, Law)]
