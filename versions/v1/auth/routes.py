"""Sign-in in v1."""

from typing import Annotated, Final

from fastapi import Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.http.browser_cookie import set_browser
from app.http.caching import Caching
from app.http.deps.auth import RegistrationServiceDep, SessionServiceDep
from app.http.deps.core import ClientAddressDep
from app.http.deps.identities import (
    BrowserDep,
    ClientDep,
    FlowCompleterDep,
    FlowStarterDep,
    ProviderReplyDep,
    public_url,
)
from app.http.deps.users import UserReaderDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import NOTHING, READ_PROFILE
from versions.kit.openapi import header
from versions.kit.operations import ANYONE, SIGNED_IN, Success
from versions.kit.values import NO_NUL, text
from versions.v1.auth import mapping, schemas
from versions.v1.errors import operations
from versions.v1.routing import router

_REGISTERED: Final[Links] = link_to(
    "auth.login", body={"username": "$response.body#/email", "password": "$request.body#/password"}
)
_TOKENS: Final[Links] = link_to("auth.refresh", body={"refresh_token": "$response.body#/refresh_token"})

_AUTHORIZE: Final[Success] = {
    302: {
        "description": "The page of the provider.",
        "headers": {
            "Location": header("Where the browser goes.", required=True),
            "Set-Cookie": header("Binds the sign-in to this browser.", required=True),
        },
    }
}
Provider = Annotated[
    str, text(min_length=1, max_length=32), Path(description="The name of the provider.", examples=["google"])
]


def _parameter(description: str, example: str) -> object:
    return Query(max_length=4096, pattern=NO_NUL, description=description, examples=[example])


auth = router("/auth", "auth")
RESOURCE: Final = Resource(tags=({"name": "auth", "description": "Registration and sign-in."},), routers=(auth,))


@auth.post(
    "/register",
    status_code=201,
    **operations.declare("auth.register", security=ANYONE, needs=NOTHING, fails=[400], links={201: _REGISTERED}),
)
async def register(
    body: schemas.RegisterRequest, service: RegistrationServiceDep, network: ClientAddressDep
) -> schemas.RegisterResponse:
    """Register a user. An e-mail with a verification token is sent.

    If an address was registered several times before its verification, the e-mail contains a link to set the password.
    """
    registration = mapping.registration(body, network)
    await service.register(registration)
    return mapping.registered(registration)


@auth.post("/verify", **operations.declare("auth.verify", security=ANYONE, needs=NOTHING, fails=[400]))
async def verify(body: schemas.VerifyRequest, service: RegistrationServiceDep) -> schemas.Message:
    """Verify an e-mail address with the token from the e-mail."""
    return mapping.verified(await service.verify_address(body.email, body.token))


@auth.post(
    "/login",
    **operations.declare(
        "auth.login", security=ANYONE, needs=NOTHING, fails=[401, 403], links={200: _TOKENS}, caching=Caching.NEVER
    ),
)
async def login(
    form: Annotated[schemas.LoginForm, Form()],
    request: Request,
    service: SessionServiceDep,
    address: ClientAddressDep,
) -> schemas.TokenResponse:
    """Sign in with address and password.

    A user has five attempts a minute from each network. After 30 failed attempts in an hour from all networks, only
    networks from which the user signed in before are served. Other attempts are rejected with 429 and `Retry-After`.
    """
    attempt = mapping.credentials(form, address, request.headers.get("user-agent"))
    return mapping.tokens(await service.sign_in(attempt))


@auth.post(
    "/refresh",
    **operations.declare(
        "auth.refresh", security=ANYONE, needs=NOTHING, fails=[401], links={200: _TOKENS}, caching=Caching.NEVER
    ),
)
async def refresh(body: schemas.RefreshRequest, service: SessionServiceDep) -> schemas.TokenResponse:
    """Get a new access token. The refresh token stays valid until it expires or its session ends."""
    return mapping.tokens(await service.refresh(body.refresh_token, rotate=False))


@auth.get(
    "/me",
    **operations.declare(
        "auth.me",
        security=SIGNED_IN,
        needs=READ_PROFILE,
        links={200: link_to("users.get", user_id="$response.body#/id")},
    ),
)
async def get_me(reader: UserReaderDep) -> schemas.MeResponse:
    """Get the caller's user."""
    return mapping.me(await reader.me())


@auth.get(
    "/{provider}",
    status_code=302,
    response_class=RedirectResponse,
    **operations.declare(
        "auth.provider",
        security=ANYONE,
        needs=NOTHING,
        fails=[400, 404],
        success=_AUTHORIZE,
        caching=Caching.NEVER,
    ),
)
async def authorize(request: Request, provider: Provider, starter: FlowStarterDep, browser: BrowserDep) -> Response:
    """Sign in with a provider: open this URL in a browser. The browser returns to the callback with tokens."""
    flow = await starter.sign_in(mapping.sign_in(provider, _callback(request, provider), browser))
    response = RedirectResponse(flow.url, 302)
    set_browser(request, response, flow.browser)
    return response


@auth.get(
    "/{provider}/callback",
    **operations.declare(
        "auth.provider_callback",
        security=ANYONE,
        needs=NOTHING,
        fails=[400, 401, 403, 404],
        links={200: _TOKENS},
        caching=Caching.NEVER,
    ),
)
async def callback(
    request: Request,
    provider: Provider,
    completer: FlowCompleterDep,
    reply: ProviderReplyDep,
    browser: BrowserDep,
    client: ClientDep,
    state: Annotated[str | None, _parameter("As sent to the provider.", "Jw0")] = None,  # noqa: ARG001 - declared for the document, read by `reply`
    code: Annotated[str | None, _parameter("The provider's code.", "SplxlOBeZQQYbYS6WxSbIA")] = None,  # noqa: ARG001 - as above
    iss: Annotated[str | None, _parameter("The issuer (RFC 9207).", "https://id.example.com")] = None,  # noqa: ARG001 - as above
    error: Annotated[str | None, _parameter("The provider's error.", "access_denied")] = None,  # noqa: ARG001 - as above
) -> schemas.TokenResponse:
    """Complete a sign-in: the provider sends the browser here. A sign-in is completed once, in the same browser.

    A known identity signs its user in. Another one with a verified address creates a user, or, if the address belongs
    to one, waits for a confirmation that is mailed to it. Without a verified address it is rejected.
    """
    attempt = mapping.callback(provider, _callback(request, provider), browser, reply)
    return mapping.completed(await completer.complete(attempt, client))


def _callback(request: Request, provider: str) -> str:
    return public_url(request, f"/auth/{provider}/callback")
