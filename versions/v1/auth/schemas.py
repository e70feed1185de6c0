"""Schemas of sign-in in v1."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from versions.kit.values import NO_NUL, Email, Password, text

Address = Annotated[Email, Field(description="The e-mail address.", examples=["ada@example.com"])]
Name = Annotated[
    str, text(min_length=1, max_length=100), Field(description="The full name.", examples=["Ada Lovelace"])
]
NewPassword = Annotated[Password, Field(description="8 to 100 characters.", examples=["correct horse battery"])]
CurrentPassword = Annotated[
    str,
    text(min_length=1, max_length=100),
    Field(
        description="The password of the caller, also when an admin changes another user.", examples=["correct horse"]
    ),
]
Token = Annotated[str, StringConstraints(max_length=4096, pattern=NO_NUL)]


class RegisterRequest(BaseModel):
    """A user to register."""

    email: Address
    password: NewPassword
    name: Name


class RegisterResponse(BaseModel):
    """The user is registered; the e-mail address is not verified yet."""

    message: str = Field(description="What happens next.", examples=["Please check your email to verify your account"])
    email: str = Field(description="The address to which the e-mail is sent.", examples=["ada@example.com"])


class VerifyRequest(BaseModel):
    """Verification of an e-mail address."""

    email: Address
    token: Token = Field(
        description="The token from the e-mail.", examples=["mUt0kLVxk8yWzJcQ0nK3dS5cU2mB7h1oXq9fT4rEwAg"]
    )


class Message(BaseModel):
    """The result of a request."""

    message: str = Field(description="The result, described for people.", examples=["Email verified successfully"])


class LoginForm(BaseModel):
    """An address and a password."""

    username: Annotated[str, text(min_length=1, max_length=254)] = Field(
        description="The e-mail address.", examples=["ada@example.com"]
    )
    password: Annotated[str, text(min_length=1, max_length=100)] = Field(
        description="The password.", examples=["correct horse battery"]
    )


class RefreshRequest(BaseModel):
    """A refresh token."""

    refresh_token: Token = Field(description="From the login or the last refresh.", examples=["eyJ.e30.c2ln"])


class TokenResponse(BaseModel):
    """The tokens of a session."""

    access_token: str = Field(description="For the `Authorization` header.", examples=["eyJ.e30.c2ln"])
    refresh_token: str = Field(description="Exchanged for new access tokens.", examples=["eyJ.e30.c2ln"])
    token_type: str = Field(description="The token type.", examples=["bearer"])


class MeResponse(BaseModel):
    """The caller's user."""

    id: int = Field(description="The sequential id.", examples=[1])
    email: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    name: str = Field(description="The full name.", examples=["Ada Lovelace"])
    is_verified: bool = Field(description="Whether the e-mail address is verified.", examples=[True])
