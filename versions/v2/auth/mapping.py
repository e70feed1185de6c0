"""Maps sign-in between v2 schemas and the core."""

from app.auth.commands import PasswordSignIn, Registration
from app.auth.views import SessionView, TokenPair
from versions.kit.typeid import encode
from versions.v2.auth import schemas
from versions.v2.ids import SESSION


def registration(body: schemas.Registration, network: str) -> Registration:
    """Returns the user to register."""
    return Registration(email=body.email, password=body.password, display_name=body.display_name, network=network)


def credentials(form: schemas.TokenForm, address: str, user_agent: str | None) -> PasswordSignIn:
    """Returns the sign-in attempt."""
    return PasswordSignIn(email=form.username, password=form.password, address=address, user_agent=user_agent)


def tokens(pair: TokenPair) -> schemas.Tokens:
    """Returns the response of the token endpoint."""
    return schemas.Tokens(
        access_token=pair.access_token,
        token_type="Bearer",  # noqa: S106 - a scheme's name
        expires_in=pair.expires_in,
        refresh_token=pair.refresh_token,
        scope=pair.scope,
    )


def session(view: SessionView) -> schemas.Session:
    """Returns the v2 representation of a session."""
    return schemas.Session(
        id=encode(SESSION, view.uid),
        user_agent=view.user_agent,
        current=view.current,
        created_at=view.created_at,
        last_used_at=view.last_used_at,
        expires_at=view.expires_at,
    )
