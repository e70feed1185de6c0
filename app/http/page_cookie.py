"""The cookie that signs a browser in to the pages about one user, which need no script.

It contains a token that shows these pages only, and is sent to them only. Browsers do not send it with the requests of
other sites, except for a link that the user follows (``SameSite=Lax``), and no script can read it.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.access.errors import InvalidCredentials
from app.access.principal import Principal, anonymous
from app.access.reader import PrincipalResolver
from app.auth.attempts import count_attempt
from app.auth.tokens import Claims, TokenType
from app.http.auth import AuthComponent
from app.http.principal import has_credentials, resolve_principal
from app.http.runtime import runtime_of
from app.http.secure_cookie import SecureCookie
from app.http.state import state_of

SECONDS: Final = 900
NAME: Final = "strata_page"
_COOKIE: Final = SecureCookie(NAME, "lax")


async def resolve_visitor(request: Request) -> Principal:
    """The caller of a page, from the headers or else from the cookie. With an invalid cookie, the caller is anonymous.

    Raises ``InvalidCredentials`` for invalid headers.
    """
    token = _COOKIE.value(request)
    if has_credentials(request.scope) or token is None:
        return await resolve_principal(request)
    runtime = runtime_of(request.scope)
    auth = runtime.get(AuthComponent)
    try:
        with count_attempt(auth.attempts, "page_token"):
            claims = auth.signer.verify(token)
            if claims.type is not TokenType.PAGE:
                return anonymous()
            found = await PrincipalResolver(runtime.database.reads).by_session(claims.subject, claims.session)
    except InvalidCredentials:
        return anonymous()
    state_of(request.scope).principal = found
    return found


def set_page_cookie(request: Request, response: Response, session: Claims, path: str) -> None:
    """Sign the browser in to the pages below ``path`` for ``SECONDS``, or until the session ends."""
    signer = runtime_of(request.scope).get(AuthComponent).signer
    token = signer.issue(TokenType.PAGE, subject=session.subject, session=session.session, seconds=SECONDS)
    _COOKIE.set(request, response, token, path=path, seconds=SECONDS)
