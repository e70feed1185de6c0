"""The ledger in v1."""

from typing import Final

from app.http.deps.ledger import LedgerReaderDep, LedgerServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import READ_LEDGER, WRITE_LEDGER
from versions.kit.operations import SIGNED_IN
from versions.v1.errors import operations
from versions.v1.ledger import mapping, schemas
from versions.v1.routing import MOVE, MoneyRoute, router

_ACCOUNT: Final[Links] = link_to("accounts.list") | link_to(
    "transfers.create", body={"from_id": "$response.body#/id", "to_id": 1, "amount": 1}
)

accounts = router("/accounts", "ledger")
transfers = router("/transfer", "ledger", MoneyRoute)
RESOURCE: Final = Resource(
    tags=({"name": "ledger", "description": "Accounts, and transfers between them."},), routers=(accounts, transfers)
)


@accounts.get("", **operations.declare("accounts.list", security=SIGNED_IN, needs=READ_LEDGER))
async def list_accounts(reader: LedgerReaderDep) -> list[schemas.AccountResponse]:
    """List the caller's accounts, oldest first; a user has at most 100."""
    return [mapping.account(view) for view in await reader.accounts()]


@accounts.post(
    "",
    status_code=201,
    **operations.declare("accounts.create", security=SIGNED_IN, needs=WRITE_LEDGER, fails=[409], links={201: _ACCOUNT}),
)
async def create_account(body: schemas.AccountCreate, service: LedgerServiceDep) -> schemas.AccountResponse:
    """Open an account of the caller, without money."""
    return mapping.account(await service.open(body.currency))


@transfers.post(
    "",
    dependencies=MOVE,
    **operations.declare("transfers.create", security=SIGNED_IN, needs=WRITE_LEDGER, fails=[404, 409]),
)
async def transfer(body: schemas.TransferCreate, service: LedgerServiceDep) -> schemas.TransferResponse:
    """Move money from an account of the caller to any account of the same currency.

    A test key (`sk_test_...`) cannot move money. Responds with 409 and `Retry-After` if the account is busy.
    """
    await service.transfer(mapping.draft(body))
    return schemas.TransferResponse(status="success")
