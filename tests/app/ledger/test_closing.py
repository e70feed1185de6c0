"""A user whose accounts have money is not deleted; otherwise the accounts are closed, and their history stays."""

import pytest
from sqlalchemy import text

from app.ledger.closing import AccountClosing
from app.ledger.errors import AccountClosed, AccountHoldsMoney
from tests.support.app import TestApp
from tests.support.bank import Bank
from tests.support.users import acting, admin


async def close(test_app: TestApp, user_id: int) -> None:
    async with test_app.runtime.database.write() as session:
        await AccountClosing(session).close(user_id)


async def test_money_and_holds_prevent_the_deletion(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    bob = (await test_app.person("bob@example.com")).user
    bank = Bank(test_app.runtime.database)
    account, other = await bank.open(ada, funds="10"), await bank.open(bob)
    with pytest.raises(AccountHoldsMoney):
        await close(test_app, ada.id)
    await bank.transfer(ada, account, other, "10")
    await close(test_app, ada.id)
    with pytest.raises(AccountHoldsMoney):
        await close(test_app, bob.id)


async def test_a_closed_account_receives_no_money(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    bob = (await test_app.person("bob@example.com")).user
    bank = Bank(test_app.runtime.database)
    account, other = await bank.open(ada, funds="10"), await bank.open(bob)
    hold = await bank.hold(ada, account, other, "5")
    await close(test_app, bob.id)
    with pytest.raises(AccountClosed):
        await bank.transfer(ada, account, other, "1")
    with pytest.raises(AccountClosed):
        await bank.hold(ada, account, other, "1")
    with pytest.raises(AccountClosed):
        await bank.capture(bob, hold)
    await bank.release(bob, hold)


async def test_the_history_of_a_deleted_user_keeps_the_uid(test_app: TestApp) -> None:
    _, root = await admin(test_app)
    ada = (await test_app.person("ada@example.com")).user
    bob = (await test_app.person("bob@example.com")).user
    bank = Bank(test_app.runtime.database)
    account, other = await bank.open(ada, funds="10"), await bank.open(bob)
    await bank.transfer(ada, account, other, "10")
    async with acting(test_app, root) as users:
        await users.delete(ada.id)
    async with test_app.runtime.database.write() as session:
        row = (
            await session.execute(
                text("SELECT owner_id, owner_uid, closed_at IS NULL, balance FROM accounts WHERE id = :id"),
                {"id": account.id},
            )
        ).one()
        entries = await session.scalar(text("SELECT count(*) FROM entries WHERE account_id = :id"), {"id": account.id})
    assert tuple(row) == (None, ada.uid, False, 0)
    assert entries == 2
