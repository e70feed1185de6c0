"""Maps sign-in between v1 schemas and the core."""

from app.auth.commands import PasswordSignIn, Registration
from app.auth.views import TokenPair
from app.identities.commands import Callback, FlowStart, ProviderReply
from app.identities.views import Completed
from app.users.views import UserView
from versions.v1.auth import schemas


def registration(body: schemas.RegisterRequest, network: str) -> Registration:
    """Returns the user to register."""
    return Registration(email=body.email, password=body.password, display_name=body.name, network=network)


def registered(registration: Registration) -> schemas.RegisterResponse:
    """Returns the response to a registration."""
    return schemas.RegisterResponse(message="Please check your email to verify your account", email=registration.email)


def verified(first_time: bool) -> schemas.Message:  # noqa: FBT001 - the core's result
    """Returns the response to a verification, also if the address was verified before."""
    return schemas.Message(message="Email verified successfully" if first_time else "Email already verified")


def credentials(form: schemas.LoginForm, address: str, user_agent: str | None) -> PasswordSignIn:
    """Returns the sign-in attempt."""
    return PasswordSignIn(email=form.username, password=form.password, address=address, user_agent=user_agent)


def tokens(pair: TokenPair) -> schemas.TokenResponse:
    """Returns the tokens of a session."""
    return schemas.TokenResponse(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="bearer",  # noqa: S106 - a scheme's name
    )


def me(view: UserView) -> schemas.MeResponse:
    """Returns the caller's user."""
    return schemas.MeResponse(id=view.id, email=view.email, name=view.display_name, is_verified=view.is_verified)


def sign_in(provider: str, callback: str, browser: str | None) -> FlowStart:
    """Returns the sign-in to start."""
    return FlowStart(provider, callback, browser)


def callback(provider: str, url: str, browser: str | None, reply: ProviderReply) -> Callback:
    """Returns the callback to complete."""
    return Callback(provider, url, browser, reply)


def completed(completed: Completed) -> schemas.TokenResponse:
    """Returns the tokens. A sign-in that v1 started has no front end, so it completes with tokens."""
    if completed.tokens is None:
        raise TypeError
    return tokens(completed.tokens)
