"""Users open accounts, and see them in order."""

import pytest
from sqlalchemy import text

from app.ledger.errors import TooManyAccounts
from app.ledger.queries import LedgerQueries
from app.ledger.service import MAX_ACCOUNTS
from tests.support.app import TestApp
from tests.support.bank import Bank


async def test_a_user_has_at_most_100_accounts(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    bank = Bank(test_app.runtime.database)
    await bank.open(ada)
    async with test_app.runtime.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO accounts (uid, owner_id, owner_uid, currency, floor)"
                " SELECT gen_random_uuid(), :id, :uid, 'EUR', 0 FROM generate_series(2, :number)"
            ),
            {"id": ada.id, "uid": ada.uid, "number": MAX_ACCOUNTS},
        )
    with pytest.raises(TooManyAccounts):
        await bank.open(ada)


async def test_accounts_and_entries_have_pages(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    bank, queries = Bank(test_app.runtime.database), LedgerQueries(test_app.runtime.database.reads)
    accounts = [await bank.open(ada, funds="10") for _ in range(3)]
    uids = [account.uid for account in accounts]
    assert [account.uid for account in await queries.accounts(ada.id)] == uids
    first = await queries.account_page(ada.id, None, 2)
    second = await queries.account_page(ada.id, first.next_position, 2)
    assert [account.uid for account in (*first.items, *second.items)] == uids[::-1]
    assert not second.has_more
    for amount in ("1", "2", "3"):
        await bank.transfer(ada, accounts[0], accounts[1], amount)
    page = await queries.entry_page(accounts[0].id, None, 3)
    rest = await queries.entry_page(accounts[0].id, page.next_position, 3)
    entries = [*page.items, *rest.items]
    assert [str(entry.amount) for entry in entries] == ["-3.0000", "-2.0000", "-1.0000", "10.0000"]
    assert [str(entry.balance_after) for entry in entries] == ["4.0000", "7.0000", "9.0000", "10.0000"]
    assert {entry.counterparty_uid for entry in page.items} == {uids[1]}
