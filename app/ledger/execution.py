"""Executes transfers that are permitted: counts them and records their events."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from uuid_utils.compat import uuid7

from app.errors import Conflict
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.ledger.events import HoldCreated, HoldEnded, TransferCreated, subject_of
from app.ledger.metrics import LedgerMetrics
from app.ledger.repository import LedgerRepository, Movement
from app.ledger.views import AccountView, HoldView, TransferKind, TransferView


class Execution:
    """Moves money in one transaction. ``actor`` is the uid of the user who asked for it, None for an operator.

    Events are recorded first: the statement that moves the money may be the whole transaction, which they join.
    """

    def __init__(
        self, repository: LedgerRepository, actor: UUID | None, events: EventRecorder, metrics: LedgerMetrics
    ) -> None:
        self._repository = repository
        self._actor = actor
        self._events = events
        self._metrics = metrics

    async def move(
        self,
        payer: AccountView,
        payee: AccountView,
        amount: Decimal,
        kind: TransferKind,
        reverses: tuple[int, UUID] | None = None,
    ) -> TransferView:
        """Move the amount. ``reverses`` is the id and the uid of the reversed transfer. Raises as the repository."""
        number, reverses_uid = reverses or (None, None)
        movement = self._movement(payer, payee, amount, kind, number)
        transfer = TransferView(
            uid=movement.uid,
            kind=kind,
            payer_id=payer.id,
            payer_uid=payer.uid,
            payer_owner_id=payer.owner_id,
            payer_owner_uid=payer.owner_uid,
            payee_id=payee.id,
            payee_uid=payee.uid,
            payee_owner_id=payee.owner_id,
            payee_owner_uid=payee.owner_uid,
            amount=amount,
            currency=payer.currency,
            reverses_uid=reverses_uid,
            reversed_by_uid=None,
            hold_uid=None,
            created_at=movement.at,
        )
        self._record(transfer)
        with self._rejections_counted():
            await self._repository.move(movement)
        self._metrics.transfers.labels(kind).inc()
        return transfer

    async def hold(self, payer: AccountView, payee: AccountView, amount: Decimal, expires_at: datetime) -> HoldView:
        """Set the amount aside. Raises as the repository does."""
        movement = self._movement(payer, payee, amount, "capture", None)
        hold = HoldView(
            uid=movement.uid,
            payer_id=payer.id,
            payer_uid=payer.uid,
            payer_owner_id=payer.owner_id,
            payer_owner_uid=payer.owner_uid,
            payee_id=payee.id,
            payee_uid=payee.uid,
            payee_owner_id=payee.owner_id,
            payee_owner_uid=payee.owner_uid,
            amount=amount,
            currency=payer.currency,
            state="pending",
            transfer_uid=None,
            created_at=movement.at,
            expires_at=expires_at,
            resolved_at=None,
        )
        text = hold.unit.format(amount)
        self._events.record(
            HoldCreated(subject=subject_of(hold), payer=payer.uid, payee=payee.uid, amount=text, currency=hold.currency)
        )
        with self._rejections_counted():
            await self._repository.add_hold(movement, expires_at)
        return hold

    async def capture(self, number: int, hold: HoldView, amount: Decimal) -> TransferView:
        """Transfer an amount of the hold with this id. Raises as the repository does."""
        now, uid = utc_now(), uuid7()
        transfer = TransferView(
            uid=uid,
            kind="capture",
            payer_id=hold.payer_id,
            payer_uid=hold.payer_uid,
            payer_owner_id=hold.payer_owner_id,
            payer_owner_uid=hold.payer_owner_uid,
            payee_id=hold.payee_id,
            payee_uid=hold.payee_uid,
            payee_owner_id=hold.payee_owner_id,
            payee_owner_uid=hold.payee_owner_uid,
            amount=amount,
            currency=hold.currency,
            reverses_uid=None,
            reversed_by_uid=None,
            hold_uid=hold.uid,
            created_at=now,
        )
        self._events.record(HoldEnded(subject=subject_of(hold), outcome="captured"))
        self._record(transfer)
        with self._rejections_counted():
            await self._repository.capture(number, uid, amount, self._actor, now)
        self._metrics.transfers.labels(transfer.kind).inc()
        return transfer

    def _movement(
        self, payer: AccountView, payee: AccountView, amount: Decimal, kind: TransferKind, reverses: int | None
    ) -> Movement:
        return Movement(uuid7(), payer.id, payee.id, amount, kind, self._actor, utc_now(), reverses)

    def _record(self, transfer: TransferView) -> None:
        self._events.record(
            TransferCreated(
                subject=subject_of(transfer),
                kind=transfer.kind,
                payer=transfer.payer_uid,
                payer_id=transfer.payer_id,
                payee=transfer.payee_uid,
                payee_id=transfer.payee_id,
                amount=transfer.unit.format(transfer.amount),
                currency=transfer.currency,
            )
        )

    @contextmanager
    def _rejections_counted(self) -> Iterator[None]:
        try:
            yield
        except Conflict as error:
            self._metrics.rejections.labels(error.code).inc()
            raise
