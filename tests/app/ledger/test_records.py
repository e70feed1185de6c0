"""What each movement of money leaves behind: who asked for it, its events, its counts, and the view of the caller."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access.permissions import declared_permissions
from app.access.principal import Principal
from app.events.recorder import EventRecorder
from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.errors import (
    AccountBusy,
    AccountClosed,
    AlreadyReversed,
    BalanceTooLarge,
    HoldResolved,
    InsufficientFunds,
)
from app.ledger.metrics import LedgerMetrics
from app.ledger.operator import LedgerHousekeeping
from app.ledger.queries import LedgerQueries
from app.ledger.service import LedgerService
from app.ledger.views import AccountView
from app.models import User
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.bank import Bank
from tests.support.transactions import owner_of

Money = tuple[Bank, User, User, AccountView, AccountView]


@pytest.fixture
async def money(test_app: TestApp) -> Money:
    """Ada, who has 100 EUR, and Bob, who has none: a user on either side of each movement."""
    ada = (await test_app.person("ada@example.com")).user
    bob = (await test_app.person("bob@example.com")).user
    bank = Bank(test_app.runtime.database)
    return bank, ada, bob, await bank.open(ada, funds="100"), await bank.open(bob)


async def stored(test_app: TestApp, statement: str, **values: Any) -> Sequence[Any]:
    async with test_app.runtime.database.write() as session:
        return (await session.execute(text(statement), values)).all()


async def events(test_app: TestApp, subject: UUID) -> list[tuple[str, dict[str, Any]]]:
    rows = await stored(
        test_app, "SELECT type, payload FROM events WHERE subject_uid = :subject ORDER BY id", subject=subject
    )
    return [(row[0], row[1]) for row in rows]


async def test_every_movement_stores_the_user_who_asked_for_it(test_app: TestApp, money: Money) -> None:
    bank, ada, bob, payer, payee = money
    transfer = await bank.transfer(ada, payer, payee, "10")
    reversal = await bank.reverse(bob, transfer)
    hold = await bank.hold(ada, payer, payee, "10")
    capture = (await bank.capture(bob, hold)).uid
    found = dict(map(tuple, await stored(test_app, "SELECT uid, created_by FROM transfers WHERE kind <> 'deposit'")))
    assert found == {transfer: ada.uid, reversal: bob.uid, capture: bob.uid}
    assert await stored(test_app, "SELECT created_by FROM holds") == [(ada.uid,)]
    assert await stored(test_app, "SELECT created_by FROM transfers WHERE kind = 'deposit'") == [(None,)]


async def test_an_event_names_what_was_moved_between_which_accounts(test_app: TestApp, money: Money) -> None:
    bank, ada, bob, payer, payee = money

    def moved(kind: str, amount: str, source: AccountView = payer, target: AccountView = payee) -> dict[str, Any]:
        accounts = {"payer": str(source.uid), "payee": str(target.uid)}
        return {"kind": kind, **accounts, "amount": amount, "currency": "EUR"}

    def transferred(kind: str, amount: str, source: AccountView = payer, target: AccountView = payee) -> dict[str, Any]:
        return {**moved(kind, amount, source, target), "payer_id": source.id, "payee_id": target.id}

    transfer = await bank.transfer(ada, payer, payee, "10")
    reversal = await bank.reverse(bob, transfer)
    captured, released, expired = [
        await bank.hold(ada, payer, payee, "7.5", lifetime)
        for lifetime in (timedelta(hours=1), timedelta(hours=1), timedelta(seconds=-1))
    ]
    capture = (await bank.capture(bob, captured, "5")).uid
    await bank.release(bob, released)
    await LedgerHousekeeping(test_app.runtime.database, LedgerMetrics(Metrics())).expire_holds()
    assert await events(test_app, transfer) == [("transfer.created", transferred("transfer", "10.00"))]
    assert await events(test_app, reversal) == [("transfer.created", transferred("reversal", "10.00", payee, payer))]
    assert await events(test_app, capture) == [("transfer.created", transferred("capture", "5.00"))]
    created = moved("", "7.50")
    del created["kind"]
    for hold, outcome in ((captured, "captured"), (released, "released"), (expired, "expired")):
        assert await events(test_app, hold) == [("hold.created", created), ("hold.resolved", {"outcome": outcome})]
    opened = [event for event in await events(test_app, payer.uid) if event[0] == "account.opened"]
    assert opened == [("account.opened", {"currency": "EUR"})]


async def test_both_parties_of_a_movement_may_read_its_events(test_app: TestApp, money: Money) -> None:
    bank, ada, bob, payer, payee = money
    await bank.reverse(bob, await bank.transfer(ada, payer, payee, "10"))
    captured, released, _ = [
        await bank.hold(ada, payer, payee, "1", lifetime)
        for lifetime in (timedelta(hours=1), timedelta(hours=1), timedelta(seconds=-1))
    ]
    await bank.capture(bob, captured)
    await bank.release(bob, released)
    await LedgerHousekeeping(test_app.runtime.database, LedgerMetrics(Metrics())).expire_holds()
    statement = (
        "SELECT DISTINCT coalesce(payload->>'kind', payload->>'outcome', type) AS name, owner_uid, counterparty_uid"
        " FROM events WHERE type LIKE 'transfer.%' OR type LIKE 'hold.%'"
    )
    found = {row.name: (row.owner_uid, row.counterparty_uid) for row in await stored(test_app, statement)}
    names = ("transfer", "hold.created", "capture", "captured", "released", "expired")
    assert found == {
        **dict.fromkeys(names, (ada.uid, bob.uid)),
        "reversal": (bob.uid, ada.uid),
        "deposit": (None, ada.uid),
    }


async def test_transfers_are_counted_by_kind(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    metrics = Metrics()
    bank = Bank(test_app.runtime.database, metrics)

    def counted() -> dict[str, float | None]:
        kinds = ("deposit", "transfer", "reversal", "capture")
        sample = metrics.registry.get_sample_value
        return {kind: sample("ledger_transfers_total", {"kind": kind}) for kind in kinds}

    assert set(counted().values()) == {0}, "a rate needs the first value"
    payer, payee = await bank.open(ada, funds="100"), await bank.open(ada)
    for amount in ("4", "5"):
        await bank.reverse(ada, await bank.transfer(ada, payer, payee, amount))
    await bank.transfer(ada, payer, payee, "1")
    await bank.capture(ada, await bank.hold(ada, payer, payee, "10"))
    assert counted() == {"deposit": 1, "transfer": 3, "reversal": 2, "capture": 1}


async def test_rejections_are_counted_by_their_code(concurrent_app: TestApp) -> None:
    """Of transfers and captures alike; each code is exposed before the first rejection."""
    ada = (await concurrent_app.person("ada@example.com")).user
    metrics = Metrics()
    bank = Bank(concurrent_app.runtime.database, metrics)
    payer, payee = await bank.open(ada, funds="100"), await bank.open(ada)
    full = await bank.open(ada, funds="999999999999999.99")
    hold = await bank.hold(ada, payer, payee, "1")
    ended = await bank.hold(ada, payer, payee, "1", timedelta(seconds=-1))
    codes = [
        each.code
        for each in (InsufficientFunds, BalanceTooLarge, HoldResolved, AlreadyReversed, AccountBusy, AccountClosed)
    ]

    def counted() -> list[float | None]:
        sample = metrics.registry.get_sample_value
        return [sample("ledger_rejections_total", {"code": code}) for code in codes]

    assert counted() == [0] * 6
    with pytest.raises(InsufficientFunds):
        await bank.transfer(ada, payee, payer, "1")
    with pytest.raises(BalanceTooLarge):
        await bank.transfer(ada, payer, full, "1")
    with pytest.raises(HoldResolved):
        await bank.capture(ada, ended)
    async with owner_of(concurrent_app.runtime.database) as owner:
        async with owner.transaction():
            await owner.execute("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", payee.id)
            with pytest.raises(AccountBusy):
                await bank.capture(ada, hold)
        await owner.execute("UPDATE accounts SET closed_at = now() WHERE id = $1", payee.id)
    with pytest.raises(AccountClosed):
        await bank.capture(ada, hold)
    assert counted() == [1, 1, 1, 0, 1, 1]


async def test_a_transfer_in_one_statement_has_its_event_and_a_rejected_one_has_none(concurrent_app: TestApp) -> None:
    ada = (await concurrent_app.person("ada@example.com")).user
    bank = Bank(concurrent_app.runtime.database)
    payer, payee = await bank.open(ada, funds="100"), await bank.open(ada)
    transferred = (
        "SELECT payload->>'amount' FROM events WHERE type = 'transfer.created' AND payload->>'kind' = 'transfer'"
    )
    with pytest.raises(InsufficientFunds):
        await bank.transfer(ada, payee, payer, "1")
    async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
        await owner.execute("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", payee.id)
        with pytest.raises(AccountBusy):
            await bank.transfer(ada, payer, payee, "2")
    assert await stored(concurrent_app, transferred) == []
    await bank.transfer(ada, payer, payee, "3")
    assert await stored(concurrent_app, transferred) == [("3.00",)]
    assert await stored(concurrent_app, "SELECT balance FROM accounts WHERE id = :id", id=payee.id) == [(Decimal(3),)]


async def test_a_caller_sees_what_is_stored(test_app: TestApp, money: Money) -> None:
    """The view that a write returns is the one that a later read returns."""
    _, ada, bob, payer, payee = money
    database, queries = test_app.runtime.database, LedgerQueries(test_app.runtime.database.reads)

    async def acting(user: User, act: str, *arguments: Any) -> Any:
        async with database.write() as session:
            principal = Principal(user.id, user.uid, (), frozenset(declared_permissions()))
            service = LedgerService(session, principal, EventRecorder(session), LedgerMetrics(Metrics()))
            return await getattr(service, act)(*arguments)

    draft = TransferDraft(payer.uid, payee.uid, Decimal("12.50"))
    transfer = await acting(ada, "transfer", draft)
    assert transfer == await queries.transfer(transfer.uid)
    reversal = await acting(bob, "reverse", transfer.uid)
    assert reversal == await queries.transfer(reversal.uid)
    assert reversal.reverses_uid == transfer.uid
    reversed_transfer = await queries.transfer(transfer.uid)
    assert reversed_transfer is not None
    assert reversed_transfer.reversed_by_uid == reversal.uid
    for act in ("capture", "release"):
        hold = await acting(ada, "hold", HoldDraft(draft, timedelta(hours=1)))
        assert hold == await queries.hold(hold.uid)
        assert hold.expires_at - hold.created_at >= timedelta(minutes=59)
        ended = await acting(bob, act, hold.uid)
        found = await queries.hold(hold.uid)
        assert found is not None
        if act == "release":
            assert ended == found
        else:
            assert ended == await queries.transfer(ended.uid)
            assert (found.state, found.transfer_uid) == ("captured", ended.uid)
