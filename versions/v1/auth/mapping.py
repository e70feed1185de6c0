"""Between v1's sign-in and the core's."""

from app.auth.commands import PasswordSignIn, Registration
from app.auth.views import TokenPair
from app.users.views import UserView
from versions.v1.auth import schemas


def registration(body: schemas.RegisterRequest) -> Registration:
    """The account to make."""
    return Registration(email=body.email, password=body.password, display_name=body.name)


def registered(view: UserView) -> schemas.RegisterResponse:
    """The account was made."""
    return schemas.RegisterResponse(message="Please check your email to verify your account", email=view.email)


def verified(first_time: bool) -> schemas.Message:  # noqa: FBT001 - the core's answer, passed on
    """The address is proven, now or since long."""
    return schemas.Message(message="Email verified successfully" if first_time else "Email already verified")


def credentials(form: schemas.LoginForm, address: str, user_agent: str | None) -> PasswordSignIn:
    """The attempt to sign in."""
    return PasswordSignIn(email=form.username, password=form.password, address=address, user_agent=user_agent)


def tokens(pair: TokenPair) -> schemas.TokenResponse:
    """What a signed-in client holds."""
    return schemas.TokenResponse(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="bearer",  # noqa: S106 - a scheme's name
    )


def me(view: UserView) -> schemas.MeResponse:
    """The caller's own account."""
    return schemas.MeResponse(id=view.id, email=view.email, name=view.display_name, is_verified=view.is_verified)
