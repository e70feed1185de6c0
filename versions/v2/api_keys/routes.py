"""API keys in v2."""

from typing import Annotated, Final

from fastapi import Body, Path, Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.access import ApiKeyReaderDep, OwnKeyServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import ADMINISTER_KEYS, CREDENTIALS
from versions.kit.openapi import header
from versions.kit.operations import SIGNED_IN, Success
from versions.v2.api_keys import mapping, schemas
from versions.v2.errors import operations
from versions.v2.ids import ApiKeyId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, PatchRoute, router
from versions.v2.tags import READ

ApiKeyIdPath = Annotated[ApiKeyId, Path(description="The id of the key.")]
PatchBody = Annotated[schemas.ApiKeyPatch, Body(media_type="application/merge-patch+json")]
ApiKeyPage = Page[schemas.ApiKey]
_KEY: Final[Links] = link_to(
    "api_keys.get", "api_keys.update", "api_keys.rotate", "api_keys.delete", api_key_id="$response.body#/id"
)
_CREATED: Final[Success] = {201: {"headers": {"Location": header("The URL of the new key.", required=True)}}}

api_keys = router("/api-keys", "api_keys")
api_key_patches = router("/api-keys", "api_keys", PatchRoute)
administration = router("/admin/api-keys", "api_keys")
_VALID: Final = (
    "sk_live_000000000000000000000000000000002UYg5A",
    "sk_test_A1b2C3d4A1b2C3d4A1b2C3d4A1b2C3d40am0Ae",
    "sk_test_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ0B0EPO",
)
_INVALID: Final = (
    "sk_live_000000000000000000000000000000002UYg5B",
    "sk_test_A1b2C3d4A1b2C3d4A1b2C3d4A1b2C3d41am0Ae",
    "sk_live_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ0B0EPO",
)
_DESCRIPTION: Final = (
    "Keys for programs. A key matches `\\bsk_(?:live|test)_[0-9A-Za-z]{38}\\b`: a prefix, 32 random characters and a "
    "checksum. The checksum is the CRC-32 (ISO 3309, as in zlib) of the first 40 characters, written in base 62 with "
    "the digits `0-9A-Za-z`, and padded with `0` to 6 characters. A scanner for secrets recognises keys by both.\n\n"
    "A key that begins with `sk_test_` is for trials: it has the permissions of its scopes as other keys have, but "
    "lower limits (the plan `test`), and cannot move money.\n\n"
    f"Valid: `{'`, `'.join(_VALID)}`.\n\nInvalid, as the checksum is wrong: `{'`, `'.join(_INVALID)}`."
)
RESOURCE: Final = Resource(
    tags=({"name": "api_keys", "description": _DESCRIPTION},), routers=(api_keys, api_key_patches, administration)
)


@api_keys.get("", **operations.declare("api_keys.list", security=SIGNED_IN, needs=CREDENTIALS, success=LINK))
async def list_api_keys(
    request: Request, response: Response, reader: ApiKeyReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> ApiKeyPage:
    """List the caller's API keys that are not revoked, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(ApiKeyPage, request, response, found, mapping.api_key)


@api_keys.post(
    "",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "api_keys.create",
        security=SIGNED_IN,
        needs=CREDENTIALS,
        fails=[409],
        success=_CREATED,
        links={201: _KEY},
        caching=Caching.NEVER,
    ),
)
async def create_api_key(
    request: Request, response: Response, body: schemas.ApiKeyCreate, service: OwnKeyServiceDep
) -> schemas.ApiKeyWithSecret:
    """Create an API key. The response is the only one that shows its secret.

    Needs a session that was authenticated in the last 10 minutes: see `POST /auth/reauthentications`. A retry with the
    same `Idempotency-Key` shows the secret again for 24 hours.
    """
    created = mapping.with_secret(*await service.create(mapping.draft(body)))
    response.headers["Location"] = _location(request, created)
    return created


@api_keys.get(
    "/{api_key_id}",
    **operations.declare(
        "api_keys.get", security=SIGNED_IN, needs=CREDENTIALS, fails=[404], success=READ, links={200: _KEY}
    ),
)
async def get_api_key(request: Request, api_key_id: ApiKeyIdPath, reader: ApiKeyReaderDep) -> schemas.ApiKey:
    """Get one of the caller's API keys that is not revoked."""
    view = await reader.get(known(api_key_id))
    record_revision(request, view.uid, 1)
    return mapping.api_key(view)


@api_key_patches.patch(
    "/{api_key_id}",
    dependencies=WRITE,
    **operations.declare("api_keys.update", security=SIGNED_IN, needs=CREDENTIALS, fails=[404, 409], links={200: _KEY}),
)
async def edit_api_key(api_key_id: ApiKeyIdPath, body: PatchBody, service: OwnKeyServiceDep) -> schemas.ApiKey:
    """Rename a key, or let deprecated versions reject it for some days, with a JSON merge patch (RFC 7396).

    With `early_brownout_until`, deprecated versions reject the key with 410. So you find out which of your programs
    still use them, before a version ends for every client.
    """
    return mapping.api_key(await service.edit(known(api_key_id), mapping.edit(body)))


@api_keys.delete(
    "/{api_key_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("api_keys.delete", security=SIGNED_IN, needs=CREDENTIALS, fails=[404, 409]),
)
async def revoke_api_key(api_key_id: ApiKeyIdPath, service: OwnKeyServiceDep) -> None:
    """Revoke a key of the caller. The next request with it is rejected."""
    await service.revoke(known(api_key_id))


@api_keys.post(
    "/{api_key_id}/rotate",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "api_keys.rotate",
        security=SIGNED_IN,
        needs=CREDENTIALS,
        fails=[404, 409],
        success=_CREATED,
        links={201: _KEY},
        caching=Caching.NEVER,
    ),
)
async def rotate_api_key(
    request: Request, response: Response, api_key_id: ApiKeyIdPath, body: schemas.Rotation, service: OwnKeyServiceDep
) -> schemas.ApiKeyWithSecret:
    """Replace a key by a new one with the same name, scopes, plan and expiry. The response shows the new secret.

    Both keys are valid during the overlap, and share their quota, their usage and their idempotency keys. A key is
    rotated once. Needs a session that was authenticated in the last 10 minutes: see `POST /auth/reauthentications`.
    """
    created = mapping.with_secret(*await service.rotate(known(api_key_id), mapping.overlap(body)))
    response.headers["Location"] = _location(request, created)
    return created


@administration.get(
    "", **operations.declare("api_keys.list_all", security=SIGNED_IN, needs=ADMINISTER_KEYS, success=LINK)
)
async def list_all_api_keys(
    request: Request, response: Response, reader: ApiKeyReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> ApiKeyPage:
    """List the API keys of all users that are not revoked, newest first. Needs `keys:admin`."""
    found = await reader.page_of_all(position(request, cursor), limit)
    return page(ApiKeyPage, request, response, found, mapping.api_key)


@administration.delete(
    "/{api_key_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("api_keys.delete_any", security=SIGNED_IN, needs=ADMINISTER_KEYS, fails=[404, 409]),
)
async def revoke_any_api_key(api_key_id: ApiKeyIdPath, service: OwnKeyServiceDep) -> None:
    """Revoke the key of any user. Needs `keys:admin`."""
    await service.revoke_any(known(api_key_id))


def _location(request: Request, created: schemas.ApiKeyWithSecret) -> str:
    return f"{request.scope['root_path']}/api-keys/{created.id}"
