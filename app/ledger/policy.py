"""Who may see and move money, the same for all versions."""

from typing import Protocol, TypeVar

from app.access.permissions import Permission
from app.access.principal import Principal
from app.ledger.errors import (
    AccountNotFound,
    HoldNotFound,
    MoneyNeedsLiveKey,
    NotThePayee,
    PayerNotFound,
    TransferNotFound,
)


class LedgerPermission(Permission):
    READ = "ledger:read"
    WRITE = "ledger:write"


class Owned(Protocol):
    """An account."""

    @property
    def owner_id(self) -> int | None: ...


class Movement(Protocol):
    """A transfer or a hold with the owners of its accounts."""

    @property
    def payer_owner_id(self) -> int | None: ...

    @property
    def payee_owner_id(self) -> int | None: ...


OwnedT = TypeVar("OwnedT", bound=Owned)
MovementT = TypeVar("MovementT", bound=Movement)


def ensure_may_read(principal: Principal) -> None:
    """Raise ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(LedgerPermission.READ)


def ensure_may_write(principal: Principal) -> None:
    """Every write shows an account or a transfer, so the permission to read is needed, too."""
    principal.require(LedgerPermission.WRITE)
    principal.require(LedgerPermission.READ)


def ensure_may_move(principal: Principal) -> None:
    """As ``ensure_may_write``; raises ``MoneyNeedsLiveKey`` for a key of the plan for tests."""
    ensure_may_write(principal)
    if not principal.may_move_money:
        raise MoneyNeedsLiveKey


def _owns(principal: Principal, owner_id: int | None) -> bool:
    return owner_id is not None and owner_id == principal.signed_in().user_id


def owned(principal: Principal, account: OwnedT | None) -> OwnedT:
    """The account. Raises ``AccountNotFound``: users see only their own accounts."""
    if account is None or not _owns(principal, account.owner_id):
        raise AccountNotFound
    return account


def debitable(principal: Principal, account: OwnedT | None) -> OwnedT:
    """The account. Raises ``PayerNotFound``: users pay only from their own accounts."""
    if account is None or not _owns(principal, account.owner_id):
        raise PayerNotFound
    return account


def visible(
    principal: Principal, movement: MovementT | None, error: type[TransferNotFound | HoldNotFound]
) -> MovementT:
    """The transfer or hold. Raises ``error`` unless the caller owns one of its accounts."""
    if movement is None or not (_owns(principal, movement.payer_owner_id) or _owns(principal, movement.payee_owner_id)):
        raise error
    return movement


def ensure_payee(principal: Principal, movement: Movement) -> None:
    """Raise ``NotThePayee``: a payer must not take money back, nor release what is set aside for the payee."""
    if not _owns(principal, movement.payee_owner_id):
        raise NotThePayee
