"""The ledger: transfers of both versions act on one ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.fields import ACCOUNT

FUNDS: Final = Decimal(100)
_CENTS: Final = st.integers(1, 12_000).map(lambda cents: Decimal(cents) / 100)
_ODD_AMOUNTS: Final = st.sampled_from(["0", "0.00", "0.001", "12.345", "100.01", "999999999999999", "0.5", "99.99"])
_CURRENCIES: Final = st.sampled_from(["EUR", "JPY", "KWD", "XXX", "ZZZ"])


@dataclass(frozen=True)
class Money:
    """An account of a caller in both versions."""

    owner: Caller
    number: int
    name: str


def open_account(
    harness: VersionsHarness, owner: Caller, version: str = "v2", currency: str = "EUR", funds: Decimal | None = None
) -> Money:
    """An account that is opened through one version; an operator pays money in."""
    client = owner.v1 if version == "v1" else owner.v2
    ok(client.post("/accounts", {"currency": currency}))
    shown = ok(owner.v2.get("/accounts")).json()["data"][0]
    if funds is not None:
        harness.fetch(
            "INSERT INTO accounts (uid, currency) VALUES (gen_random_uuid(), $1) ON CONFLICT DO NOTHING", currency
        )
        (outcome,) = harness.fetch(
            "SELECT ledger_move(gen_random_uuid(), s.id, $1, $2, 'deposit', NULL, NULL, 0, NULL, now())"
            " FROM accounts s WHERE s.owner_uid IS NULL AND s.currency = $3",
            shown["v1_id"],
            funds,
            currency,
        )
        assert outcome == ("done",)
    return Money(owner, shown["v1_id"], shown["id"])


def pay(version: str, payer: Money, payee: Money, amount: str, key: str, currency: str = "EUR") -> httpx2.Response:
    """A transfer by the owner of the account that pays."""
    headers = {"Idempotency-Key": f'"{key}"'}
    if version == "v1":
        body: dict[str, Any] = {"from_id": payer.number, "to_id": payee.number, "amount": float(amount)}
        return payer.owner.v1.post("/transfer", body, headers=headers)
    body = {"from_account_id": payer.name, "to_account_id": payee.name, "amount": amount, "currency": currency}
    return payer.owner.v2.post("/transfers", body, headers=headers)


def balance(account: Money) -> tuple[Decimal, Decimal]:
    """The balance, and what is available of it, which both versions show alike."""
    (old,) = [each for each in ok(account.owner.v1.get("/accounts")).json() if each["id"] == account.number]
    new = ok(account.owner.v2.get(f"/accounts/{account.name}")).json()
    found = Decimal(new["balance"]), Decimal(new["available"])
    assert (Decimal(str(old["balance"])), Decimal(str(old["available"]))) == found
    return found


@law(versions=st.lists(VERSIONS, min_size=1, max_size=4), currency=_CURRENCIES)
def accounts_read_alike(harness: VersionsHarness, versions: Sequence[str], currency: str) -> None:
    """What one version opens, the other lists; unknown currencies are rejected alike."""
    ada, body = harness.ada, {"currency": currency}
    with harness.rolled_back():
        old = ada.v1.post("/accounts", body)
    with harness.rolled_back():
        new = ada.v2.post("/accounts", body)
    if not old.is_success:
        agree(harness, old, new)
        return
    for version in versions:
        open_account(harness, ada, version, currency)
    listed = ok(ada.v1.get("/accounts")).json()
    shown = ok(ada.v2.get("/accounts")).json()["data"]
    assert [ACCOUNT.from_v1(harness, each) for each in listed] == [
        ACCOUNT.from_v2(harness, each) for each in reversed(shown)
    ]
    assert len(listed) == len(versions)


@law(steps=st.lists(st.tuples(VERSIONS, st.booleans(), _CENTS, VERSIONS), min_size=1, max_size=5))
def transfers_of_both_versions_act_on_one_ledger(
    harness: VersionsHarness, steps: Sequence[tuple[str, bool, Decimal, str]]
) -> None:
    """Balances follow a model; a retry with the same key moves nothing; each entry shows the balance after it."""
    accounts = open_account(harness, harness.ada, funds=FUNDS), open_account(harness, harness.bob, "v1", funds=FUNDS)
    model = [FUNDS, FUNDS]
    for number, (version, back, amount, _) in enumerate(steps):
        source = int(back)
        payer, payee = accounts[source], accounts[1 - source]
        response = pay(version, payer, payee, str(amount), f"step {number}")
        assert response.is_success == (model[source] >= amount), response.text
        if response.is_success:
            model[source] -= amount
            model[1 - source] += amount
            again = pay(version, payer, payee, str(amount), f"step {number}")
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.content == response.content
        assert [balance(account)[0] for account in accounts] == model
    entries = ok(accounts[0].owner.v2.get(f"/accounts/{accounts[0].name}/entries")).json()["data"]
    assert Decimal(entries[0]["balance_after"]) == model[0]
    assert sum(Decimal(entry["amount"]) for entry in entries) == model[0]
    for entry in entries:
        if entry["kind"] == "transfer":
            shown = ok(harness.bob.v2.get(f"/transfers/{entry['transfer_id']}")).json()
            assert Decimal(shown["amount"]) == abs(Decimal(entry["amount"]))


@law(
    amount=_ODD_AMOUNTS,
    payer=st.sampled_from(["own", "foreign", "missing"]),
    payee=st.sampled_from(["foreign", "own", "missing", "dollars"]),
)
def transfers_are_rejected_alike(harness: VersionsHarness, amount: str, payer: str, payee: str) -> None:
    """For the same reason, and both rejections move nothing."""
    own, foreign = open_account(harness, harness.ada, funds=FUNDS), open_account(harness, harness.bob, funds=FUNDS)
    dollars = open_account(harness, harness.bob, currency="USD")
    missing = Money(harness.ada, 999_999, "acct_7zzzzzzzzzzzzzzzzzzzzzzzzz")
    known = {"own": own, "foreign": foreign, "missing": missing, "dollars": dollars}
    source = Money(harness.ada, known[payer].number, known[payer].name)
    responses = []
    for version in ("v1", "v2"):
        with harness.rolled_back():
            responses.append(pay(version, source, known[payee], amount, "k"))
            moved = balance(own)[0] != FUNDS
        assert moved == responses[-1].is_success
    agree(harness, *responses)


@law(0.5, amount=st.integers(1, 10_000).map(lambda cents: Decimal(cents) / 100), version=VERSIONS)
def reversals_and_holds_of_v2_show_in_v1(harness: VersionsHarness, amount: Decimal, version: str) -> None:
    """A hold reduces what is available, a capture moves it, and a reversal restores both balances."""
    own, other = open_account(harness, harness.ada, funds=FUNDS), open_account(harness, harness.bob)
    key = {"Idempotency-Key": '"k"'}
    body = {"from_account_id": own.name, "to_account_id": other.name, "amount": f"{amount:.2f}", "currency": "EUR"}
    hold = ok(harness.ada.v2.post("/holds", body, headers=key)).json()
    assert balance(own) == (FUNDS, FUNDS - amount)
    released = ok(harness.bob.v2.post(f"/holds/{hold['id']}/release")).json()
    assert released == ok(harness.ada.v2.get(f"/holds/{hold['id']}")).json()
    assert balance(own) == (FUNDS, FUNDS)
    second = ok(harness.ada.v2.post("/holds", body, headers={"Idempotency-Key": '"second"'})).json()
    assert pay(version, own, other, "100", "all").is_success is False
    captured = ok(harness.bob.v2.post(f"/holds/{second['id']}/capture", {}, headers=key)).json()
    assert (balance(own), balance(other)) == ((FUNDS - amount, FUNDS - amount), (amount, amount))
    ok(harness.bob.v2.post(f"/transfers/{captured['id']}/reverse", headers=key))
    assert (balance(own)[0], balance(other)[0]) == (FUNDS, Decimal(0))
