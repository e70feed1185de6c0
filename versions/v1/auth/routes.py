"""Sign-in in v1."""

from typing import Annotated, Final

from fastapi import Form, Request

from app.http.caching import Caching
from app.http.deps.auth import RegistrationServiceDep, SessionServiceDep
from app.http.deps.core import ClientAddressDep
from app.http.deps.users import UserReaderDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import NOTHING, READ_PROFILE
from versions.kit.operations import ANYONE, SIGNED_IN
from versions.v1.auth import mapping, schemas
from versions.v1.errors import operations
from versions.v1.routing import router

_REGISTERED: Final[Links] = link_to(
    "auth.login", body={"username": "$response.body#/email", "password": "$request.body#/password"}
)
_TOKENS: Final[Links] = link_to("auth.refresh", body={"refresh_token": "$response.body#/refresh_token"})

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
