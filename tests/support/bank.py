"""Opens accounts and moves money past HTTP, as a user or as an operator."""

from collections.abc import Awaitable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.access.permissions import declared_permissions
from app.access.principal import Principal
from app.errors import DomainError
from app.events.recorder import EventRecorder
from app.kit.db.sessions import WriteSession
from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.metrics import LedgerMetrics
from app.ledger.operator import LedgerOperator
from app.ledger.service import LedgerService
from app.ledger.views import AccountView, TransferView
from app.models import User
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp


class Bank:
    """The ledger of one database."""

    def __init__(self, database: Any, metrics: Metrics | None = None) -> None:
        self._database = database
        self._metrics = LedgerMetrics(metrics or Metrics())

    async def open(self, user: User, currency: str = "EUR", funds: str | None = None) -> AccountView:
        """An account of the user, with money that an operator paid in."""
        async with self._database.write() as session:
            account = await self._service(session, user).open(currency)
            if funds is not None:
                await LedgerOperator(session, self._metrics).deposit(account.uid, Decimal(funds))
        return account

    async def transfer(self, user: User, payer: AccountView, payee: AccountView, amount: str) -> UUID:
        """The uid of a transfer by the user, which is the whole transaction, as that of a request."""
        async with self._database.write() as session:
            session.has_one_use_case = True
            return (await self._service(session, user).transfer(_draft(payer, payee, amount))).uid

    async def hold(
        self, user: User, payer: AccountView, payee: AccountView, amount: str, lifetime: timedelta = timedelta(days=1)
    ) -> UUID:
        """The uid of a hold by the user."""
        async with self._database.write() as session:
            draft = HoldDraft(_draft(payer, payee, amount), lifetime)
            return (await self._service(session, user).hold(draft)).uid

    async def capture(self, user: User, hold: UUID, amount: str | None = None) -> TransferView:
        """The transfer that captures a hold, or an amount of it, as the user."""
        async with self._database.write() as session:
            return await self._service(session, user).capture(hold, None if amount is None else Decimal(amount))

    async def release(self, user: User, hold: UUID) -> None:
        """Release a hold as the user."""
        async with self._database.write() as session:
            await self._service(session, user).release(hold)

    async def reverse(self, user: User, transfer: UUID) -> UUID:
        """The uid of the reversal by the user."""
        async with self._database.write() as session:
            return (await self._service(session, user).reverse(transfer)).uid

    def _service(self, session: WriteSession, user: User) -> LedgerService:
        principal = Principal(user.id, user.uid, (), frozenset(declared_permissions()))
        return LedgerService(session, principal, EventRecorder(session), self._metrics)


def _draft(payer: AccountView, payee: AccountView, amount: str) -> TransferDraft:
    return TransferDraft(payer.uid, payee.uid, Decimal(amount))


async def two_accounts(test_app: TestApp, currency: str = "EUR") -> tuple[Person, AccountView, AccountView]:
    """A user with two accounts, of which the first has 100."""
    ada = await test_app.person("ada@example.com")
    bank = Bank(test_app.runtime.database)
    return ada, await bank.open(ada.user, currency, funds="100"), await bank.open(ada.user, currency)


async def balance(test_app: TestApp, account: AccountView) -> Decimal:
    """The present balance of an account."""
    async with test_app.runtime.database.write() as session:
        found: Decimal = await session.scalar(text("SELECT balance FROM accounts WHERE id = :id"), {"id": account.id})
        return found


async def outcome(action: Awaitable[Any]) -> Any:
    """The result of the action, or the error that it raises."""
    try:
        return await action
    except DomainError as error:
        return error
