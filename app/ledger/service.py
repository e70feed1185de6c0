"""Use cases that open accounts and move money."""

from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.ledger.amounts import currency_of, ensure_amount
from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.errors import (
    AlreadyReversed,
    AmountAboveHold,
    CurrencyMismatch,
    HoldNotFound,
    NotReversible,
    PayeeNotFound,
    SameAccount,
    TooManyAccounts,
    TransferNotFound,
)
from app.ledger.events import AccountOpened, HoldEnded, subject_of
from app.ledger.execution import Execution
from app.ledger.metrics import LedgerMetrics
from app.ledger.policy import debitable, ensure_may_move, ensure_may_write, ensure_payee, visible
from app.ledger.repository import LedgerRepository
from app.ledger.views import AccountView, HoldView, TransferView
from app.models import Account

MAX_ACCOUNTS: Final = 100
"""Accounts of one user."""


class LedgerService:
    """Opens accounts and moves money on behalf of a principal.

    Raises ``Unauthenticated`` and ``InsufficientPermissions``. Everything that moves money raises
    ``MoneyNeedsLiveKey`` and what ``LedgerRepository.move`` raises.
    """

    def __init__(
        self, session: WriteSession, principal: Principal, events: EventRecorder, metrics: LedgerMetrics
    ) -> None:
        self._repository = LedgerRepository(session)
        self._principal = principal
        self._events = events
        self._execution = Execution(self._repository, principal.user_uid, events, metrics)

    async def open(self, code: str) -> AccountView:
        """Open an account of the caller without money. Raises ``UnknownCurrency``, ``TooManyAccounts``."""
        ensure_may_write(self._principal)
        currency = currency_of(code)
        own = self._principal.signed_in()
        if not await self._repository.lock_owner(own.user_id):
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        if await self._repository.count(own.user_id) >= MAX_ACCOUNTS:
            raise TooManyAccounts
        account = Account(
            owner_id=own.user_id,
            owner_uid=own.user_uid,
            currency=currency.code,
            floor=Decimal(0),
            created_at=utc_now(),
        )
        await self._repository.add(account)
        self._events.record(
            AccountOpened(subject=Subject(account.uid, own.user_uid, account.id), currency=currency.code)
        )
        return AccountView.from_entity(account)

    async def transfer(self, draft: TransferDraft) -> TransferView:
        """Move money from an account of the caller.

        Raises ``PayerNotFound``, ``PayeeNotFound``, ``SameAccount``, ``CurrencyMismatch``, and as ``ensure_amount``.
        """
        payer, payee = await self._parties(draft)
        return await self._execution.move(payer, payee, draft.amount, "transfer")

    async def reverse(self, uid: UUID) -> TransferView:
        """Return the money of a transfer to its payer. Only the payee may do it, once.

        Raises ``TransferNotFound``, ``NotThePayee``, ``NotReversible``, ``AlreadyReversed``.
        """
        ensure_may_move(self._principal)
        number, found = await self._repository.transfer(uid) or (0, None)
        transfer = visible(self._principal, found, TransferNotFound)
        ensure_payee(self._principal, transfer)
        if transfer.kind == "reversal":
            raise NotReversible
        if transfer.reversed_by_uid is not None:
            raise AlreadyReversed
        accounts = await self._repository.accounts([transfer.payer_uid, transfer.payee_uid])
        payer, payee = accounts[transfer.payee_uid], accounts[transfer.payer_uid]
        return await self._execution.move(payer, payee, transfer.amount, "reversal", (number, transfer.uid))

    async def hold(self, draft: HoldDraft) -> HoldView:
        """Set money of an account of the caller aside. Raises as ``transfer`` does."""
        payer, payee = await self._parties(draft.transfer)
        return await self._execution.hold(payer, payee, draft.transfer.amount, utc_now() + draft.lifetime)

    async def capture(self, uid: UUID, amount: Decimal | None = None) -> TransferView:
        """Transfer what is held, or a part of it; the rest is released. Only the payee may do it, once.

        Raises ``HoldNotFound``, ``NotThePayee``, ``AmountAboveHold``, ``HoldResolved``, and as ``ensure_amount``.
        """
        ensure_may_move(self._principal)
        number, hold = await self._hold_of_payee(uid)
        amount = hold.amount if amount is None else amount
        ensure_amount(amount, hold.unit)
        if amount > hold.amount:
            raise AmountAboveHold
        return await self._execution.capture(number, hold, amount)

    async def release(self, uid: UUID) -> HoldView:
        """Release what is held. Only the payee may do it.

        Raises ``HoldNotFound``, ``NotThePayee``, ``HoldResolved``, ``AccountBusy``.
        """
        ensure_may_write(self._principal)
        number, hold = await self._hold_of_payee(uid)
        now = utc_now()
        self._events.record(HoldEnded(subject=subject_of(hold), outcome="released"))
        await self._repository.release(number, "released", now)
        return replace(hold, state="released", resolved_at=now)

    async def _hold_of_payee(self, uid: UUID) -> tuple[int, HoldView]:
        number, found = await self._repository.hold(uid) or (0, None)
        hold = visible(self._principal, found, HoldNotFound)
        ensure_payee(self._principal, hold)
        return number, hold

    async def _parties(self, draft: TransferDraft) -> tuple[AccountView, AccountView]:
        """The accounts of a transfer that the caller may make, after its amount was checked."""
        ensure_may_move(self._principal)
        accounts = await self._repository.accounts([draft.payer, draft.payee])
        payer = debitable(self._principal, accounts.get(draft.payer))
        if draft.payer == draft.payee:
            raise SameAccount
        if (payee := accounts.get(draft.payee)) is None or payee.owner_uid is None:
            raise PayeeNotFound
        _ensure_currency(draft.currency, payer, payee)
        ensure_amount(draft.amount, payer.unit)
        return payer, payee


def _ensure_currency(code: str | None, payer: AccountView, payee: AccountView) -> None:
    """Raise ``UnknownCurrency`` or ``CurrencyMismatch`` unless both accounts have the currency."""
    wanted = payer.unit if code is None else currency_of(code)
    if not wanted.code == payer.currency == payee.currency:
        detail = f"The amount is in {wanted.code}, the accounts are in {payer.currency} and {payee.currency}."
        raise CurrencyMismatch(detail)
