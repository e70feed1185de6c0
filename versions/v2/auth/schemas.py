"""Schemas of sign-in in v2."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from versions.kit.values import NO_NUL, JsonBoolean
from versions.v2.users.schemas import Address, CurrentPassword, DisplayName, NewPassword

MailedToken = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=NO_NUL,
        description="The token from the e-mail.",
        examples=["mUt0kLVxk8yWzJcQ0nK3dS5cU2mB7h1oXq9fT4rEwAg"],
    ),
]


class Registration(BaseModel):
    """A user to register."""

    model_config = ConfigDict(extra="forbid")

    email: Address
    password: NewPassword
    display_name: DisplayName


class Verification(BaseModel):
    """Verification of an e-mail address."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken


class AddressOnly(BaseModel):
    """A user, identified by the e-mail address."""

    model_config = ConfigDict(extra="forbid")

    email: Address


class PasswordReset(BaseModel):
    """A new password and the token that allows setting it."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
    password: NewPassword
    revoke_keys: JsonBoolean = Field(
        default=False, description="Whether the API keys of the user are revoked, too.", examples=[True]
    )
    unlink_identities: JsonBoolean = Field(
        default=False,
        description="Whether the identities of the user at providers are unlinked, too.",
        examples=[True],
    )


class Reauthentication(BaseModel):
    """The password of the caller."""

    model_config = ConfigDict(extra="forbid")

    password: CurrentPassword


class Accepted(BaseModel):
    """The response is the same whether or not the user exists."""

    model_config = ConfigDict(extra="forbid")

    detail: str = Field(
        description="What happens next, described for people.", examples=["If all is well, a mail is on its way."]
    )


class TokenForm(BaseModel):
    """A token request (RFC 6749, sections 4.1.3, 4.3.2 and 6)."""

    grant_type: Literal["password", "refresh_token", "authorization_code"] = Field(
        description="The grant type.", examples=["password"]
    )
    username: str = Field(
        default="",
        max_length=254,
        pattern=NO_NUL,
        description="The e-mail address; for the grant type `password`.",
        examples=["ada@example.com"],
    )
    password: str = Field(
        default="",
        max_length=100,
        pattern=NO_NUL,
        description="For the grant type `password`.",
        examples=["correct horse battery"],
    )
    refresh_token: str = Field(
        default="",
        max_length=4096,
        pattern=NO_NUL,
        description="For the grant type `refresh_token`.",
        examples=["eyJ.e30.c2ln"],
    )
    code: str = Field(
        default="",
        max_length=200,
        pattern=NO_NUL,
        description="The code of a sign-in with a provider; for the grant type `authorization_code`.",
        examples=["SplxlOBeZQQYbYS6WxSbIA"],
    )
    code_verifier: str = Field(
        default="",
        max_length=128,
        pattern=NO_NUL,
        description="The PKCE verifier of the sign-in; for the grant type `authorization_code`.",
        examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
    )


class Tokens(BaseModel):
    """The tokens of a session (RFC 6749, section 5.1)."""

    model_config = ConfigDict(extra="forbid")

    access_token: str = Field(description="For the `Authorization` header.", examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2ln"])
    token_type: Literal["Bearer"] = Field(description="The token type.", examples=["Bearer"])
    expires_in: int = Field(description="The lifetime of the access token in seconds.", ge=1, examples=[900])
    refresh_token: str = Field(
        description="Exchanged for new tokens; valid once.", examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]
    )
    scope: str = Field(
        description="The permissions of the token, separated by spaces.", examples=["posts:read posts:write"]
    )


class Session(BaseModel):
    """One sign-in on one device."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the session.", examples=["ses_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    user_agent: str | None = Field(description="The `User-Agent` of the client.", examples=["curl/8.11"])
    current: bool = Field(description="Whether this request belongs to it.", examples=[True])
    created_at: datetime = Field(description="When the session began.", examples=["2026-11-23T12:00:00Z"])
    last_used_at: datetime = Field(
        description="When its tokens were last refreshed.", examples=["2026-11-23T12:00:00Z"]
    )
    expires_at: datetime = Field(description="When the session expires.", examples=["2026-12-23T12:00:00Z"])
