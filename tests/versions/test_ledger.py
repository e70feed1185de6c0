"""The ledger as clients of both versions meet it: keys, busy accounts and test keys."""

import asyncio
from decimal import Decimal

import pytest

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from tests.support.app import TestApp
from tests.support.bank import Bank, balance, two_accounts
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.transactions import owner_of
from tests.support.waiting import stretched


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_retry_with_the_key_moves_the_money_once(test_app: TestApp, version: str) -> None:
    ada, payer, payee = await two_accounts(test_app)
    headers = {**ada.headers, "Idempotency-Key": '"once"'}
    async with test_app.client(headers) as client:
        first, second = [await DIALECTS[version].transfer(payer, payee, "12.50").send(client) for _ in range(2)]
        assert (first.content, second.headers["Idempotent-Replayed"]) == (second.content, "true")
        other = await DIALECTS[version].transfer(payer, payee, "1.00").send(client)
        assert other.status_code == 422
    assert await balance(test_app, payer) == Decimal("87.50")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_rejected_transfer_may_succeed_later_under_its_key(test_app: TestApp, version: str) -> None:
    ada, payer, payee = await two_accounts(test_app)
    headers = {**ada.headers, "Idempotency-Key": '"again"'}
    async with test_app.client(headers) as client:
        assert (await DIALECTS[version].transfer(payee, payer, "12.50").send(client)).status_code == 409
        await Bank(test_app.runtime.database).transfer(ada.user, payer, payee, "20")
        assert (await DIALECTS[version].transfer(payee, payer, "12.50").send(client)).is_success
    assert await balance(test_app, payee) == Decimal("7.50")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_busy_account_is_a_conflict_after_a_second(concurrent_app: TestApp, version: str) -> None:
    ada, payer, payee = await two_accounts(concurrent_app)
    headers = {**ada.headers, "Idempotency-Key": '"busy"'}
    loop = asyncio.get_running_loop()
    async with concurrent_app.client(headers) as client:
        # The role of the service cannot lock an account: only the functions of the ledger do.
        async with owner_of(concurrent_app.runtime.database) as owner, owner.transaction():
            await owner.execute("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", payee.id)
            started = loop.time()
            response = await DIALECTS[version].transfer(payer, payee, "12.50").send(client)
            assert 1 <= loop.time() - started < stretched(1) + 3
        assert (response.status_code, response.headers["Retry-After"]) == (409, "1")
        assert DIALECTS[version].is_failure(response, "account_busy")
        assert (await DIALECTS[version].transfer(payer, payee, "12.50").send(client)).is_success
    assert await balance(concurrent_app, payer) == Decimal("87.50")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_test_key_moves_no_money(test_app: TestApp, version: str) -> None:
    ada, payer, payee = await two_accounts(test_app)
    async with test_app.runtime.database.write() as session:
        draft = KeyDraft(ada.user.id, "test", ["ledger:read", "ledger:write"], mode="test")
        _, key = await ApiKeyService(session).create(draft)
    headers = {"X-API-Key": key, "Idempotency-Key": '"test"'}
    async with test_app.client(headers) as client:
        assert (await client.get(f"/api/{version}/accounts")).status_code == 200
        assert (await client.post(f"/api/{version}/accounts", json={"currency": "EUR"})).status_code == 201
        response = await DIALECTS[version].transfer(payer, payee, "12.50").send(client)
        assert DIALECTS[version].is_failure(response, "money_needs_live_key")
    assert await balance(test_app, payer) == 100
