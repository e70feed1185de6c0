"""The ledger in v2: accounts, transfers and holds."""

from typing import Annotated, Any, Final

from fastapi import Path, Request, Response

from app.http.conditional import record_revision
from app.http.deps.ledger import LedgerReaderDep, LedgerServiceDep
from app.ledger.views import TransferView
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import READ_LEDGER, WRITE_LEDGER
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import SIGNED_IN
from versions.v2.errors import operations
from versions.v2.ids import AccountId, HoldId, TransferId, known
from versions.v2.ledger import mapping, schemas
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import MOVE, WRITE, MoneyRoute, router
from versions.v2.tags import READ, TAG

AccountIdPath = Annotated[AccountId, Path(description="The id of the account.")]
TransferIdPath = Annotated[TransferId, Path(description="The id of the transfer.")]
HoldIdPath = Annotated[HoldId, Path(description="The id of the hold.")]
AccountPage = Page[schemas.Account]
EntryPage = Page[schemas.Entry]
_CREATED: Final = {
    201: {
        "headers": {
            "Location": header("The URL of the new object.", required=True),
            "ETag": TAG,
            **IDEMPOTENT_REPLAYED,
        }
    }
}
_ACCOUNT: Final[Links] = link_to("accounts.get", "accounts.list_entries", account_id="$response.body#/id")
_PARTIES: Final[Links] = link_to("accounts.get", "accounts.list_entries", account_id="$response.body#/from_account_id")
_TRANSFER: Final[Links] = _PARTIES | link_to("transfers.get", "transfers.reverse", transfer_id="$response.body#/id")
_HOLD: Final[Links] = _PARTIES | link_to("holds.get", "holds.capture", "holds.release", hold_id="$response.body#/id")
_MONEY: Final[dict[str, Any]] = {"security": SIGNED_IN, "needs": WRITE_LEDGER, "success": _CREATED}

accounts = router("/accounts", "accounts")
transfers = router("/transfers", "transfers")
moves = router("/transfers", "transfers", MoneyRoute)
holds = router("/holds", "holds")
new_holds = router("/holds", "holds", MoneyRoute)
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "accounts",
            "description": (
                "Money in double entry: each transfer has one entry in each of two accounts, and all entries of a "
                "currency add up to zero. Amounts are decimal strings. Operators pay money in."
            ),
        },
        {
            "name": "transfers",
            "description": (
                "Every operation that moves money requires an `Idempotency-Key`. A test key (`sk_test_...`) cannot "
                "move money. While many transfers of one account are executed, others get 409 `account_busy` with "
                "`Retry-After` after a second."
            ),
        },
        {"name": "holds", "description": "Money that is set aside, and later captured or released."},
    ),
    routers=(accounts, transfers, moves, holds, new_holds),
)


@accounts.get("", **operations.declare("accounts.list", security=SIGNED_IN, needs=READ_LEDGER, success=LINK))
async def list_accounts(
    request: Request,
    response: Response,
    reader: LedgerReaderDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AccountPage:
    """List the caller's accounts, newest first."""
    found = await reader.account_page(position(request, cursor), limit)
    return page(AccountPage, request, response, found, mapping.account)


@accounts.post(
    "",
    status_code=201,
    dependencies=WRITE,
    **operations.declare("accounts.create", **_MONEY, fails=[409], links={201: _ACCOUNT}),
)
async def create_account(
    request: Request, response: Response, body: schemas.AccountCreate, service: LedgerServiceDep
) -> schemas.Account:
    """Open an account of the caller, without money. A user has at most 100."""
    view = await service.open(body.currency)
    shaped = mapping.account(view)
    response.headers["Location"] = f"{request.scope['root_path']}/accounts/{shaped.id}"
    record_revision(request, view.uid, view.revision)
    return shaped


@accounts.get(
    "/{account_id}",
    **operations.declare(
        "accounts.get", security=SIGNED_IN, needs=READ_LEDGER, fails=[404], success=READ, links={200: _ACCOUNT}
    ),
)
async def get_account(request: Request, account_id: AccountIdPath, reader: LedgerReaderDep) -> schemas.Account:
    """Get one of the caller's accounts with its balance."""
    view = await reader.account(known(account_id))
    record_revision(request, view.uid, view.revision)
    return mapping.account(view)


@accounts.get(
    "/{account_id}/entries",
    **operations.declare("accounts.list_entries", security=SIGNED_IN, needs=READ_LEDGER, fails=[404], success=LINK),
)
async def list_entries(
    request: Request,
    response: Response,
    account_id: AccountIdPath,
    reader: LedgerReaderDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> EntryPage:
    """List the entries of one of the caller's accounts, newest first."""
    found = await reader.entries(known(account_id), position(request, cursor), limit)
    return page(EntryPage, request, response, found, mapping.entry)


@moves.post(
    "",
    status_code=201,
    dependencies=MOVE,
    **operations.declare("transfers.create", **_MONEY, fails=[404, 409], links={201: _TRANSFER}),
)
async def create_transfer(
    request: Request, response: Response, body: schemas.TransferCreate, service: LedgerServiceDep
) -> schemas.Transfer:
    """Move money from an account of the caller to any account of the same currency."""
    return _created(request, response, await service.transfer(mapping.draft(body)))


@transfers.get(
    "/{transfer_id}",
    **operations.declare(
        "transfers.get", security=SIGNED_IN, needs=READ_LEDGER, fails=[404], success=READ, links={200: _TRANSFER}
    ),
)
async def get_transfer(request: Request, transfer_id: TransferIdPath, reader: LedgerReaderDep) -> schemas.Transfer:
    """Get a transfer from or to an account of the caller."""
    view = await reader.transfer(known(transfer_id))
    record_revision(request, view.uid, 1)
    return mapping.transfer(view)


@moves.post(
    "/{transfer_id}/reverse",
    status_code=201,
    dependencies=MOVE,
    **operations.declare("transfers.reverse", **_MONEY, fails=[404, 409], links={201: _TRANSFER}),
)
async def reverse_transfer(
    request: Request, response: Response, transfer_id: TransferIdPath, service: LedgerServiceDep
) -> schemas.Transfer:
    """Return the money of a transfer. Allowed once, for the owner of the account that received it."""
    return _created(request, response, await service.reverse(known(transfer_id)))


@new_holds.post(
    "",
    status_code=201,
    dependencies=MOVE,
    **operations.declare("holds.create", **_MONEY, fails=[404, 409], links={201: _HOLD}),
)
async def create_hold(
    request: Request, response: Response, body: schemas.HoldCreate, service: LedgerServiceDep
) -> schemas.Hold:
    """Set money of an account of the caller aside for another account, whose owner captures or releases it."""
    view = await service.hold(mapping.hold_draft(body))
    shaped = mapping.hold(view)
    response.headers["Location"] = f"{request.scope['root_path']}/holds/{shaped.id}"
    record_revision(request, view.uid, 1)
    return shaped


@holds.get(
    "/{hold_id}",
    **operations.declare(
        "holds.get", security=SIGNED_IN, needs=READ_LEDGER, fails=[404], success=READ, links={200: _HOLD}
    ),
)
async def get_hold(request: Request, hold_id: HoldIdPath, reader: LedgerReaderDep) -> schemas.Hold:
    """Get a hold from or to an account of the caller."""
    view = await reader.hold(known(hold_id))
    record_revision(request, view.uid, 1)
    return mapping.hold(view)


@new_holds.post(
    "/{hold_id}/capture",
    status_code=201,
    dependencies=MOVE,
    **operations.declare("holds.capture", **_MONEY, fails=[404, 409], links={201: _TRANSFER}),
)
async def capture_hold(
    request: Request, response: Response, hold_id: HoldIdPath, body: schemas.Capture, service: LedgerServiceDep
) -> schemas.Transfer:
    """Transfer what is held, or a part of it. Allowed once, for the owner of the account that receives it."""
    return _created(request, response, await service.capture(known(hold_id), mapping.captured_amount(body)))


@holds.post(
    "/{hold_id}/release",
    dependencies=WRITE,
    **operations.declare("holds.release", security=SIGNED_IN, needs=WRITE_LEDGER, fails=[404, 409], links={200: _HOLD}),
)
async def release_hold(hold_id: HoldIdPath, service: LedgerServiceDep) -> schemas.Hold:
    """Release what is held. Allowed for the owner of the account that would receive it."""
    return mapping.hold(await service.release(known(hold_id)))


def _created(request: Request, response: Response, view: TransferView) -> schemas.Transfer:
    shaped = mapping.transfer(view)
    response.headers["Location"] = f"{request.scope['root_path']}/transfers/{shaped.id}"
    record_revision(request, view.uid, 1)
    return shaped
