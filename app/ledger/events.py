"""Events of the ledger. Amounts are decimal text in the currency."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.events.recorder import AuditedEvent, Event, Subject
from app.ledger.views import HoldView, TransferView


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(AuditedEvent):
    """A user opened the account."""

    type: ClassVar[str] = "account.opened"
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCreated(Event):
    """Money was moved; ``kind`` is that of the transfer. Both accounts are named by uid and by sequential id."""

    type: ClassVar[str] = "transfer.created"
    schema: ClassVar[int] = 2
    kind: str
    payer: UUID
    payer_id: int
    payee: UUID
    payee_id: int
    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCreated(Event):
    """Money was set aside for the payee."""

    type: ClassVar[str] = "hold.created"
    payer: UUID
    payee: UUID
    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded(Event):
    """The hold ended; ``outcome`` is ``captured``, ``released`` or ``expired``."""

    type: ClassVar[str] = "hold.resolved"
    outcome: str


def subject_of(thing: TransferView | HoldView) -> Subject:
    """A transfer or a hold as the subject of an event, which both parties may read."""
    return Subject(thing.uid, thing.payer_owner_uid, counterparty=thing.payee_owner_uid)
