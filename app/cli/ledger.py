"""``strata ledger``: shows accounts, pays money in, and checks the books."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

import typer

from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.parameters import MAX_ID, Limit, UserArgument
from app.cli.kit.users import existing_user
from app.errors import DomainError
from app.kit.db.database import Database
from app.ledger.metrics import LedgerMetrics
from app.ledger.operator import LedgerOperator
from app.ledger.queries import LedgerCheckQueries, LedgerQueries
from app.ledger.views import AccountView, EntryView, TransferView, Violations
from observability.metrics.metrics import Metrics

commands = typer.Typer(help="Show accounts, pay money in, check the books.", no_args_is_help=True)
AccountArgument = Annotated[
    int, typer.Argument(metavar="ACCOUNT", min=1, max=MAX_ID, help="Sequential id of the account.")
]


@commands.command()
def accounts(
    user: UserArgument,
    as_json: AsJson = False,
) -> None:
    """List the accounts of a user, oldest first."""

    async def run(database: Database) -> list[AccountView]:
        owner = await existing_user(database, user)
        return await LedgerQueries(database.reads).accounts(owner.id)

    found = with_database(run)
    if as_json:
        show_json([_plain(account) for account in found])
        return
    show_table(
        ("id", "currency", "balance", "held", "available", "opened"),
        [
            (
                str(account.id),
                account.currency,
                *(account.unit.format(each) for each in (account.balance, account.held, account.available)),
                f"{account.created_at:%F}",
            )
            for account in found
        ],
        empty="No accounts. Users open accounts over the API: `POST /accounts`.",
    )


@commands.command()
def entries(
    account: AccountArgument,
    as_json: AsJson = False,
    limit: Limit = 100,
) -> None:
    """List the entries of an account, newest first."""

    async def run(database: Database) -> list[EntryView]:
        return (await LedgerQueries(database.reads).entry_page(account, None, limit)).items

    found = with_database(run)
    if as_json:
        show_json([_plain_entry(entry) for entry in found])
        return
    show_table(
        ("time", "kind", "amount", "balance", "transfer"),
        [
            (
                f"{entry.created_at:%F %T}",
                entry.kind,
                entry.unit.format(entry.amount),
                entry.unit.format(entry.balance_after),
                str(entry.transfer_uid),
            )
            for entry in found
        ],
        empty=f"Account {account} has no entries.",
    )


@commands.command()
def deposit(
    account: AccountArgument,
    amount: Annotated[str, typer.Argument(help="A decimal number in the currency of the account, such as 12.50.")],
    as_json: AsJson = False,
) -> None:
    """Pay money into an account, from the account of its currency that has no floor. The audit trail records it."""
    exact = _amount(amount)

    async def run(database: Database) -> TransferView:
        async with database.write() as session:
            try:
                return await LedgerOperator(session, LedgerMetrics(Metrics())).deposit(account, exact)
            except DomainError as error:
                raise CommandError(error.message, "`strata ledger accounts USER` lists accounts.") from None

    made = with_database(run)
    if as_json:
        show_json({"transfer": made.uid, "amount": made.unit.format(made.amount), "currency": made.currency})
    else:
        say(f"Paid {made.unit.format(made.amount)} {made.currency} into account {account} (transfer {made.uid})")


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Check every transfer and every account. The exit code is 1 if one is wrong."""

    async def run(database: Database) -> Violations:
        return await LedgerCheckQueries(database.reads).everything()

    found = with_database(run)
    if as_json:
        show_json({"currencies": found.currencies, "transfers": found.transfers, "accounts": found.accounts})
    elif not found.count:
        say("The ledger balances: every currency, every transfer, every account.")
    for kind in ("currencies", "transfers", "accounts"):
        if not as_json and (wrong := getattr(found, kind)):
            say(f"Wrong {kind}: {', '.join(wrong)}")
    if found.count:
        raise typer.Exit(1)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        message = f"AMOUNT must be a decimal number such as 12.50, got '{text}'."
        raise CommandError(message) from None


def _plain(account: AccountView) -> dict[str, Any]:
    return {
        "id": account.id,
        "uid": account.uid,
        "currency": account.currency,
        "balance": account.unit.format(account.balance),
        "held": account.unit.format(account.held),
        "available": account.unit.format(account.available),
        "created_at": account.created_at,
    }


def _plain_entry(entry: EntryView) -> dict[str, Any]:
    uid: UUID = entry.transfer_uid
    return {
        "transfer": uid,
        "kind": entry.kind,
        "amount": entry.unit.format(entry.amount),
        "currency": entry.currency,
        "balance_after": entry.unit.format(entry.balance_after),
        "created_at": entry.created_at,
    }
