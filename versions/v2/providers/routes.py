"""Sign-in with providers, and identities, in v2."""

from typing import Annotated, ClassVar, Final

from fastapi import Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.http.browser_cookie import set_browser
from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.auth import PasswordProofDep
from app.http.deps.identities import (
    BrowserDep,
    ClientDep,
    ConfirmationServiceDep,
    FlowCompleterDep,
    FlowStarterDep,
    IdentityReaderDep,
    OwnIdentityServiceDep,
    ProviderReplyDep,
    ProvidersDep,
    public_url,
)
from app.http.principal import PrincipalDep
from app.identities.commands import Callback
from app.identities.views import Completed
from versions.kit.application import Resource
from versions.kit.links import link_to
from versions.kit.needs import CREDENTIALS, NOTHING
from versions.kit.openapi import header
from versions.kit.operations import ANYONE, SIGNED_IN, Success
from versions.kit.values import NO_NUL, text
from versions.v2.auth.errors import TokenRoute
from versions.v2.errors import operations
from versions.v2.ids import IdentityId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.providers import mapping, schemas
from versions.v2.routing import WRITE, V2Route, router
from versions.v2.tags import READ

_COOKIE: Final = header("Binds the visit to this browser.", required=True)
_LOCATION: Final = header("Where the browser goes.", required=True)
_AUTHORIZE: Final[Success] = {
    302: {"description": "The page of the provider.", "headers": {"Location": _LOCATION, "Set-Cookie": _COOKIE}}
}
_VISIT: Final[Success] = {200: {"headers": {"Set-Cookie": _COOKIE}}}
_CALLBACK: Final[Success] = {
    303: {
        "description": "The page of the front end, with `code` or `outcome`, or with `error` after a failure.",
        "headers": {"Location": _LOCATION},
    }
}
ProviderPath = Annotated[
    str, text(min_length=1, max_length=32), Path(description="The name of the provider.", examples=["google"])
]
IdentityIdPath = Annotated[IdentityId, Path(description="The id of the identity.")]
IdentityPage = Page[schemas.Identity]


def _parameter(description: str, example: str) -> object:
    return Query(max_length=4096, pattern=NO_NUL, description=description, examples=[example])


class CallbackRoute(V2Route):
    """Ignores the parameters that providers add to those of the standard."""

    strict_parameters: ClassVar[bool] = False


providers = router("/auth/providers", "providers")
visits = router("/auth/providers", "providers", TokenRoute)
callbacks = router("/auth/providers", "providers", CallbackRoute)
confirmations = router("/auth/identity-confirmations", "providers")
identities = router("/me/identities", "providers")
RESOURCE: Final = Resource(
    tags=({"name": "providers", "description": "Sign-in with identity providers, and identities there."},),
    routers=(providers, visits, callbacks, confirmations, identities),
)


@providers.get("", **operations.declare("providers.list", security=ANYONE, needs=NOTHING))
async def list_providers(configured: ProvidersDep) -> schemas.Providers:
    """List the identity providers to sign in with."""
    return schemas.Providers(data=[schemas.Provider(name=name) for name in configured.names])


@providers.get(
    "/{provider}/authorize",
    status_code=302,
    response_class=RedirectResponse,
    **operations.declare(
        "providers.authorize",
        security=ANYONE,
        needs=NOTHING,
        fails=[404],
        success=_AUTHORIZE,
        caching=Caching.NEVER,
    ),
)
async def authorize(
    request: Request,
    provider: ProviderPath,
    starter: FlowStarterDep,
    browser: BrowserDep,
    redirect_to: Annotated[
        str | None,
        Query(
            max_length=2000,
            pattern=NO_NUL,
            description="The page of a front end that receives a one-time code; absent for tokens in JSON.",
            examples=["https://app.example.com/signed-in"],
        ),
    ] = None,
    code_challenge: Annotated[
        str | None,
        Query(
            pattern=schemas.CODE_CHALLENGE,
            description="The front end's PKCE challenge (RFC 7636, method S256); required with `redirect_to`.",
            examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        ),
    ] = None,
) -> Response:
    """Sign in with a provider: open this URL in a browser.

    The browser returns to the callback, which responds with tokens. With `redirect_to`, it returns to that page with a
    `code`, which `POST /auth/token` exchanges for tokens within 60 seconds.
    """
    callback = _callback(request, provider)
    flow = await starter.sign_in(mapping.sign_in(provider, callback, browser, redirect_to, code_challenge))
    response = RedirectResponse(flow.url, 302)
    set_browser(request, response, flow.browser)
    return response


@visits.post(
    "/{provider}/visits",
    **operations.declare(
        "providers.visit",
        security=SIGNED_IN,
        needs=CREDENTIALS,
        fails=[404],
        success=_VISIT,
        caching=Caching.NEVER,
    ),
)
async def visit(
    request: Request,
    response: Response,
    provider: ProviderPath,
    body: schemas.NewVisit,
    starter: FlowStarterDep,
    browser: BrowserDep,
    principal: PrincipalDep,
    proof: PasswordProofDep,
) -> schemas.Visit:
    """Start a visit that links an identity to the caller, or that proves the caller's identity for 10 minutes.

    Open `authorization_url` in the browser that received the cookie. To link, the session must have been authenticated
    in the last 10 minutes: see `POST /auth/reauthentications`. An `Idempotency-Key` is ignored.
    """
    start, purpose = mapping.visit(body, provider, _callback(request, provider), browser)
    flow = await starter.visit(start, purpose, principal, proof)
    set_browser(request, response, flow.browser)
    return mapping.started(flow)


@callbacks.get(
    "/{provider}/callback",
    response_model=schemas.ProviderResult,
    **operations.declare(
        "providers.callback",
        security=ANYONE,
        needs=NOTHING,
        fails=[401, 403, 404, 409],
        success=_CALLBACK,
        caching=Caching.NEVER,
    ),
)
async def callback(
    request: Request,
    provider: ProviderPath,
    completer: FlowCompleterDep,
    reply: ProviderReplyDep,
    browser: BrowserDep,
    client: ClientDep,
    state: Annotated[str | None, _parameter("As sent to the provider.", "Jw0")] = None,  # noqa: ARG001 - declared for the document, read by `reply`
    code: Annotated[str | None, _parameter("The provider's code.", "SplxlOBeZQQYbYS6WxSbIA")] = None,  # noqa: ARG001 - as above
    iss: Annotated[str | None, _parameter("The issuer (RFC 9207).", "https://id.example.com")] = None,  # noqa: ARG001 - as above
    error: Annotated[str | None, _parameter("The provider's error.", "access_denied")] = None,  # noqa: ARG001 - as above
) -> schemas.ProviderResult | Response:
    """Complete a visit: the provider sends the browser here. A visit is completed once, in the browser that began it.

    A known identity signs its user in. Another one with a verified address creates a user, or, if the address belongs
    to one, waits for a confirmation that is mailed to it. Without a verified address it is rejected.
    """
    url = _callback(request, provider)
    completed = await completer.complete(Callback(provider, url, browser, reply), client)
    return _response(completed)


@confirmations.post(
    "",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("identity_confirmations.create", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def confirm_identity(body: schemas.IdentityConfirmation, service: ConfirmationServiceDep) -> None:
    """Allow the identity at a provider that the mail names to sign in to your account, with the token of the mail."""
    await service.confirm(body.token)


@identities.get("", **operations.declare("identities.list", security=SIGNED_IN, needs=CREDENTIALS, success=LINK))
async def list_identities(
    request: Request, response: Response, reader: IdentityReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> IdentityPage:
    """List the caller's identities at providers, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(IdentityPage, request, response, found, mapping.identity)


@identities.get(
    "/{identity_id}",
    **operations.declare(
        "identities.get",
        security=SIGNED_IN,
        needs=CREDENTIALS,
        fails=[404],
        success=READ,
        links={200: link_to("identities.delete", identity_id="$response.body#/id")},
    ),
)
async def get_identity(request: Request, identity_id: IdentityIdPath, reader: IdentityReaderDep) -> schemas.Identity:
    """Get one of the caller's identities."""
    view = await reader.get(known(identity_id))
    record_revision(request, view.uid, 1)
    return mapping.identity(view)


@identities.delete(
    "/{identity_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("identities.delete", security=SIGNED_IN, needs=CREDENTIALS, fails=[404, 409]),
)
async def unlink_identity(identity_id: IdentityIdPath, service: OwnIdentityServiceDep) -> None:
    """Unlink an identity, unless the caller could then not sign in any more.

    Needs a session that was authenticated in the last 10 minutes: see `POST /auth/reauthentications`.
    """
    await service.unlink(known(identity_id))


def _response(completed: Completed) -> schemas.ProviderResult | Response:
    return mapping.result(completed) if completed.location is None else RedirectResponse(completed.location, 303)


def _callback(request: Request, provider: str) -> str:
    return public_url(request, f"/auth/providers/{provider}/callback")
