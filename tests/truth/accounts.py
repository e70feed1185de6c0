"""The states of accounts, transfers and holds, between the caller and a counterparty."""

from typing import Final

from uuid_utils.compat import uuid7

from app.ledger.views import AccountView
from app.models import User
from tests.support.bank import Bank
from tests.truth.credentials import user_of
from tests.truth.states import MISSING, Values, identify, state, user_values
from tests.truth.world import World
from versions.kit.typeid import encode

COUNTERPARTY: Final = "second admin"
STRANGER: Final = "peer"


def _values(payer: AccountView, payee: AccountView) -> Values:
    """The account to pay from, which ``row`` refers to, and the account to pay to."""
    return {
        "account_id": identify("account", payer.id, payer.uid),
        "to_account_id": identify("account", payee.id, payee.uid),
        "row": payer.id,
    }


def _people(world: World, caller: str) -> tuple[Bank, User, User]:
    return Bank(world.database), world.people[user_of(caller)].user, world.people[COUNTERPARTY].user


def _register_account(name: str, *, funds: str | None = "100", currency: str = "EUR") -> None:
    @state(name, of_the_caller=True)
    async def arrange(world: World, caller: str) -> Values:
        bank, own, other = _people(world, caller)
        return _values(await bank.open(own, "EUR", funds), await bank.open(other, currency))


_register_account("own account")
_register_account("empty account", funds=None)
_register_account("account of another currency", currency="USD")


@state("same account", of_the_caller=True)
async def same_account(world: World, caller: str) -> Values:
    bank, own, _ = _people(world, caller)
    account = await bank.open(own, "EUR", "100")
    return _values(account, account)


@state("foreign account", of_the_caller=True)
async def foreign_account(world: World, caller: str) -> Values:
    """It pays to the caller."""
    bank, own, other = _people(world, caller)
    return _values(await bank.open(other, "EUR", "100"), await bank.open(own))


@state("missing account", of_the_caller=True)
async def missing_account(world: World, caller: str) -> Values:
    bank, own, _ = _people(world, caller)
    account = await bank.open(own)
    missing = {"account_id": identify("account", MISSING, uuid7())}
    return {**_values(account, account), **missing}


@state("no account to pay to", of_the_caller=True)
async def no_payee(world: World, caller: str) -> Values:
    bank, own, _ = _people(world, caller)
    account = await bank.open(own, "EUR", "100")
    return {**_values(account, account), "to_account_id": identify("account", MISSING, uuid7())}


@state("system account", of_the_caller=True)
async def system_account(world: World, caller: str) -> Values:
    """The account from which deposits come."""
    bank, own, _ = _people(world, caller)
    account = await bank.open(own, "EUR", "100")
    row = await world.database.driver.fetchrow("SELECT id, uid FROM accounts WHERE owner_uid IS NULL")
    return {**_values(account, account), "account_id": identify("account", row["id"], row["uid"])}


def _register_movement(name: str, *, received: bool, kind: str, then: str = "") -> None:
    @state(name, of_the_caller=True)
    async def arrange(world: World, caller: str) -> Values:
        bank, own, other = _people(world, caller)
        payer, payee = (other, own) if received else (own, other)
        source, target = await bank.open(payer, "EUR", "100"), await bank.open(payee)
        uid = await (bank.transfer if kind == "transfer" else bank.hold)(payer, source, target, "40")
        if then == "reversed":
            await bank.reverse(payee, uid)
        elif then == "reversal":
            uid = await bank.reverse(payee, uid)
        elif then == "released":
            await bank.release(payee, uid)
        elif then == "spent":
            await bank.transfer(payee, target, source, "30")
        elif then == "expired":
            await world.execute("UPDATE holds SET expires_at = clock_timestamp() - interval '1 minute'")
        name = "txn" if kind == "transfer" else "hold"
        return {f"{kind}_id": encode(name, uid), "row": target.id}


_register_movement("own transfer", received=False, kind="transfer")
_register_movement("received transfer", received=True, kind="transfer")
_register_movement("reversed transfer", received=True, kind="transfer", then="reversed")
_register_movement("own reversal", received=False, kind="transfer", then="reversal")
_register_movement("spent transfer", received=True, kind="transfer", then="spent")
_register_movement("own hold", received=False, kind="hold")
_register_movement("received hold", received=True, kind="hold")
_register_movement("released hold", received=True, kind="hold", then="released")
_register_movement("expired hold", received=True, kind="hold", then="expired")


def _register_foreign(kind: str) -> None:
    @state(f"foreign {kind}")
    async def arrange(world: World, _caller: str) -> Values:
        bank, payer, payee = Bank(world.database), world.people[STRANGER].user, world.people[COUNTERPARTY].user
        source, target = await bank.open(payer, "EUR", "100"), await bank.open(payee)
        uid = await (bank.transfer if kind == "transfer" else bank.hold)(payer, source, target, "40")
        return {f"{kind}_id": encode("txn" if kind == "transfer" else "hold", uid)}

    @state(f"missing {kind}")
    async def missing(_world: World, _caller: str) -> Values:
        return {f"{kind}_id": encode("txn" if kind == "transfer" else "hold", uuid7())}


_register_foreign("transfer")
_register_foreign("hold")


@state("own, with money", of_the_caller=True)
async def own_with_money(world: World, caller: str) -> Values:
    bank, own, _ = _people(world, caller)
    await bank.open(own, "EUR", "0.01")
    return user_values(own)


@state("peer with money")
async def peer_with_money(world: World, _caller: str) -> Values:
    user = world.people[STRANGER].user
    await Bank(world.database).open(user, "EUR", "0.01")
    return user_values(user)


@state("peer with an empty account")
async def peer_with_empty_account(world: World, _caller: str) -> Values:
    user = world.people[STRANGER].user
    await Bank(world.database).open(user)
    return user_values(user)
