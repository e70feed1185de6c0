"""Sign-in and sessions in v2."""

from typing import Annotated, Any, Final

from fastapi import Form, Path, Request, Response

from app.http.caching import Caching
from app.http.conditional import record_revision
from app.http.deps.auth import ReauthenticationServiceDep, RegistrationServiceDep, SessionReaderDep, SessionServiceDep
from app.http.deps.core import ClientAddressDep
from app.http.deps.identities import ClientDep, SignInCodeServiceDep
from app.http.principal import PrincipalDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import CREDENTIALS, NOTHING
from versions.kit.operations import ANYONE, SIGNED_IN
from versions.kit.values import NO_NUL
from versions.v2.auth import mapping, schemas
from versions.v2.auth.errors import STATUSES, TokenRoute
from versions.v2.errors import QuotaProblem, TokenError, TokenQuotaProblem, operations
from versions.v2.ids import SessionId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, router
from versions.v2.tags import READ

_MAILED: Final = schemas.Accepted(detail="If all is well, a mail is on its way.")
SessionIdPath = Annotated[SessionId, Path(description="The id of the session.")]

_REGISTERED: Final[Links] = link_to(
    "tokens.create",
    body={"grant_type": "password", "username": "$request.body#/email", "password": "$request.body#/password"},
)
SessionPage = Page[schemas.Session]
registrations = router("/auth", "auth")
tokens = router("/auth", "auth", TokenRoute)
sessions = router("/auth", "auth")
RESOURCE: Final = Resource(
    tags=({"name": "auth", "description": "Registration, tokens, sessions."},),
    routers=(registrations, tokens, sessions),
)


@registrations.post(
    "/registrations",
    status_code=202,
    dependencies=WRITE,
    **operations.declare("registrations.create", security=ANYONE, needs=NOTHING, fails=[409], links={202: _REGISTERED}),
)
async def register(
    body: schemas.Registration, service: RegistrationServiceDep, network: ClientAddressDep
) -> schemas.Accepted:
    """Register a user. The response does not reveal whether the address is registered; the e-mail does.

    If an address was registered several times before its verification, its owner sets the password with a link that
    is sent after the verification.
    """
    await service.register_quietly(mapping.registration(body, network))
    return _MAILED


@registrations.post(
    "/verifications",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("verifications.create", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def verify(body: schemas.Verification, service: RegistrationServiceDep) -> None:
    """Verify an e-mail address with the token from the e-mail."""
    await service.verify(body.token)


@registrations.post(
    "/verifications/resend",
    status_code=202,
    dependencies=WRITE,
    **operations.declare("verifications.resend", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def resend_verification(body: schemas.AddressOnly, service: RegistrationServiceDep) -> schemas.Accepted:
    """Request another e-mail with a verification token."""
    await service.resend_verification(body.email)
    return _MAILED


@registrations.post(
    "/password-resets",
    status_code=202,
    dependencies=WRITE,
    **operations.declare("password_resets.create", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def request_password_reset(body: schemas.AddressOnly, service: RegistrationServiceDep) -> schemas.Accepted:
    """Request an e-mail with a token to set a new password."""
    await service.request_password_reset(body.email)
    return _MAILED


@registrations.post(
    "/password-resets/confirm",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("password_resets.confirm", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def reset_password(body: schemas.PasswordReset, service: RegistrationServiceDep) -> None:
    """Set a new password with the token from the e-mail. This ends all sessions of the user.

    API keys stay valid unless `revoke_keys` is true, and identities at providers stay linked unless `unlink_identities`
    is true; an e-mail lists those that do.
    """
    await service.reset_password(
        body.token, body.password, revoke_keys=body.revoke_keys, unlink_identities=body.unlink_identities
    )


_TOKENS: Final[Links] = link_to("tokens.revoke", body={"token": "$response.body#/access_token"}) | link_to(
    "tokens.create", body={"grant_type": "refresh_token", "refresh_token": "$response.body#/refresh_token"}
)


def _token_operation() -> dict[str, Any]:
    declared = operations.declare(
        "tokens.create", security=ANYONE, needs=NOTHING, fails=[401, 403], links={200: _TOKENS}, caching=Caching.NEVER
    )
    for status, response in declared["responses"].items():
        if status in STATUSES:
            response["model"] = TokenError
            response["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/TokenError"}}}
    # The general rate limit rejects requests before this route runs, so its errors lack the members of RFC 6749.
    limited = declared["responses"][429]
    limited["model"] = TokenQuotaProblem | QuotaProblem
    names = (TokenQuotaProblem.__name__, QuotaProblem.__name__)
    limited["content"] = {
        "application/problem+json": {"schema": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}}
    }
    return declared


@tokens.post("/token", **_token_operation())
async def issue_token(
    form: Annotated[schemas.TokenForm, Form()],
    service: SessionServiceDep,
    codes: SignInCodeServiceDep,
    client: ClientDep,
) -> schemas.Tokens:
    """Get tokens for a password, a refresh token, or the code of a sign-in with a provider (RFC 6749).

    A refresh token is rotated. For 30 seconds the rotated token returns the same successor; its later use ends the
    session. A code is exchanged once, with the verifier of the challenge with which the sign-in began (RFC 7636). An
    `Idempotency-Key` is ignored: a stored response would contain tokens.

    A user has five attempts a minute from each network. After 30 failed attempts in an hour from all networks, only
    networks from which the user signed in before are served. Other attempts are rejected with 429 and `Retry-After`.
    """
    if form.grant_type == "authorization_code":
        return mapping.tokens(await codes.exchange(form.code, form.code_verifier, client))
    if form.grant_type == "refresh_token":
        return mapping.tokens(await service.refresh(form.refresh_token, rotate=True))
    attempt = mapping.credentials(form, client.network, client.user_agent)
    return mapping.tokens(await service.sign_in(attempt))


@sessions.post(
    "/revoke",
    status_code=200,
    response_class=Response,
    dependencies=WRITE,
    **operations.declare("tokens.revoke", security=ANYONE, needs=NOTHING, fails=[409]),
)
async def revoke_token(
    token: Annotated[
        str,
        Form(
            min_length=1,
            max_length=4096,
            pattern=NO_NUL,
            description="An access or refresh token.",
            examples=["eyJ.e30.c2ln"],
        ),
    ],
    service: SessionServiceDep,
    token_type_hint: Annotated[  # noqa: ARG001 - RFC 7009 lets clients send it
        str,
        Form(
            max_length=40,
            pattern=NO_NUL,
            description="Ignored: the type is part of the token.",
            examples=["refresh_token"],
        ),
    ] = "",
) -> Response:
    """End the session that a token belongs to (RFC 7009). The response is the same for an invalid token."""
    await service.revoke_token(token)
    return Response(status_code=200)


@sessions.post(
    "/reauthentications",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("reauthentications.create", security=SIGNED_IN, needs=CREDENTIALS, fails=[409]),
)
async def reauthenticate(
    body: schemas.Reauthentication, service: ReauthenticationServiceDep, principal: PrincipalDep
) -> None:
    """Prove your identity: for 10 minutes, this session may change credentials."""
    await service.reauthenticate(principal, body.password)


@sessions.get("/sessions", **operations.declare("sessions.list", security=SIGNED_IN, needs=CREDENTIALS, success=LINK))
async def list_sessions(
    request: Request,
    response: Response,
    reader: SessionReaderDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> SessionPage:
    """List the caller's open sessions, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(SessionPage, request, response, found, mapping.session)


@sessions.delete(
    "/sessions",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("sessions.delete_others", security=SIGNED_IN, needs=CREDENTIALS, fails=[409]),
)
async def delete_other_sessions(service: SessionServiceDep, principal: PrincipalDep) -> None:
    """End all of the caller's sessions except the one of this request."""
    await service.revoke_others(principal)


@sessions.get(
    "/sessions/{session_id}",
    **operations.declare(
        "sessions.get",
        security=SIGNED_IN,
        needs=CREDENTIALS,
        fails=[404],
        success=READ,
        links={200: link_to("sessions.delete", session_id="$response.body#/id")},
    ),
)
async def get_session(request: Request, session_id: SessionIdPath, reader: SessionReaderDep) -> schemas.Session:
    """Get one of the caller's open sessions."""
    view = await reader.get(known(session_id))
    record_revision(request, view.uid, 1)
    return mapping.session(view)


@sessions.delete(
    "/sessions/{session_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("sessions.delete", security=SIGNED_IN, needs=CREDENTIALS, fails=[404, 409]),
)
async def delete_session(session_id: SessionIdPath, service: SessionServiceDep, principal: PrincipalDep) -> None:
    """End one of the caller's sessions."""
    await service.revoke(principal, known(session_id))
