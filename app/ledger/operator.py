"""Use cases of operators, which no request reaches: money enters and expired holds end."""

from decimal import Decimal
from uuid import UUID

from app.events.audit import target
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.ledger.amounts import ensure_amount
from app.ledger.errors import AccountNotFound
from app.ledger.events import HoldResolved
from app.ledger.execution import Execution
from app.ledger.metrics import LedgerMetrics
from app.ledger.repository import LedgerRepository
from app.ledger.views import Ref, TransferView


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

    async def next_expired_hold(self) -> tuple[int, UUID] | None:
        """The id and the uid of a pending hold that has expired."""
        found = await self._repository.expired_holds(utc_now(), 1)
        return found[0] if found else None

    async def expire_hold(self, number: int, uid: UUID) -> None:
        """Release an expired hold. Raises ``HoldResolved``, ``AccountBusy``."""
        await self._repository.release(number, "expired", utc_now())
        self._events.record(HoldResolved(subject=uid, outcome="expired"))
