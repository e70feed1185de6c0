"""All laws, by module."""

from types import ModuleType
from typing import Final

from tests.laws.v1_v2 import (
    attachments,
    exports,
    files,
    identities,
    jobs,
    ledger,
    machine,
    notifications,
    pages,
    permissions,
    posts,
    preconditions,
    rejections,
    sessions,
    users,
    webhooks,
)
from tests.laws.v1_v2.law import Law

FAMILIES: Final[tuple[ModuleType, ...]] = (
    posts,
    users,
    sessions,
    pages,
    permissions,
    rejections,
    preconditions,
    ledger,
    jobs,
    files,
    attachments,
    identities,
    notifications,
    webhooks,
    exports,
    machine,
)
LAWS: Final = [each for family in FAMILIES for each in vars(family).values() if isinstance(each, Law)]
