"""Use cases of operators, which no request reaches: money enters and expired holds end."""

from contextlib import suppress
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.events.audit import target
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.ledger.amounts import ensure_amount
from app.ledger.errors import AccountBusy, AccountNotFound, HoldResolved
from app.ledger.events import HoldEnded, subject_of
from app.ledger.execution import Execution
from app.ledger.metrics import LedgerMetrics
from app.ledger.repository import LedgerRepository
from app.ledger.views import Ref, TransferView

_BATCH: Final = 1000
"""Holds that one run releases."""


class LedgerOperator:
    """Acts on accounts of all users, without a principal."""

    def __init__(self, session: WriteSession, metrics: LedgerMetrics) -> None:
        self._repository = LedgerRepository(session)
        self._events = EventRecorder(session)
        self._metrics = metrics

    async def deposit(self, ref: Ref, amount: Decimal) -> TransferView:
        """Move money from the system account of the currency. Raises ``AccountNotFound``, and as ``ensure_amount``."""
        account = (await self._repository.accounts([ref])).get(ref)
        if account is None or account.owner_uid is None:
            raise AccountNotFound
        ensure_amount(amount, account.unit)
        system = await self._repository.system_account(account.currency)
        execution = Execution(self._repository, None, self._events, self._metrics)
        transfer = await execution.move(system, account, amount, "deposit")
        detail = {"transfer": transfer.uid, "amount": transfer.unit.format(amount), "currency": transfer.currency}
        self._events.audit.record("account.deposited", target("account", account.uid), detail)
        return transfer


class LedgerHousekeeping:
    """What the worker does without being asked."""

    def __init__(self, database: UnitOfWork, metrics: LedgerMetrics) -> None:
        self._database = database
        self._metrics = metrics

    async def expire_holds(self) -> int:
        """Release the holds that have expired, each in a transaction of its own, and return their number.

        Raises ``Unavailable``. A busy account is left to the next run.
        """
        released = 0
        async with self._database.write() as session:
            expired = await LedgerRepository(session).expired_holds(utc_now(), _BATCH)
        for number, uid in expired:
            # The hold may have been resolved since it was read.
            with suppress(HoldResolved, AccountBusy):
                async with self._database.write() as session:
                    await self._expire(session, number, uid)
                released += 1
        return released

    async def _expire(self, session: WriteSession, number: int, uid: UUID) -> None:
        repository = LedgerRepository(session)
        await repository.release(number, "expired", utc_now())
        _, hold = await repository.hold(uid) or (number, None)
        if hold is not None:
            EventRecorder(session).record(HoldEnded(subject=subject_of(hold), outcome="expired"))
