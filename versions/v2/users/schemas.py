"""Schemas of users in v2."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.access.principal import Role
from versions.kit.values import Email, JsonBoolean, Password, text
from versions.v2.ids import V1Id

DisplayName = Annotated[
    str, text(min_length=1, max_length=100), Field(description="The display name.", examples=["Ada Lovelace"])
]
Address = Annotated[Email, Field(description="The e-mail address.", examples=["ada@example.com"])]

CurrentPassword = Annotated[
    str,
    text(min_length=1, max_length=100),
    Field(description="The present password of the caller.", examples=["correct horse battery"]),
]
NewPassword = Annotated[Password, Field(description="8 to 100 characters.", examples=["correct horse battery"])]


class User(BaseModel):
    """A user."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    email: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    display_name: str = Field(description="The display name.", examples=["Ada Lovelace"])
    roles: list[Role] = Field(description="The roles of the user.", examples=[["author"]])
    is_active: bool = Field(description="Whether the user may sign in.", examples=[True])
    is_verified: bool = Field(description="Whether the e-mail address is verified.", examples=[True])
    created_at: datetime = Field(description="When the user was created.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When the user was last changed.", examples=["2026-11-23T12:00:00Z"])


class UserPatch(BaseModel):
    """A merge patch. Only administrators may change `email` and `is_active`.

    A new `email` needs a session that was authenticated in the last 10 minutes: see `POST /auth/reauthentications`.
    """

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName = Field(default_factory=str)
    email: Address = Field(default_factory=str)
    is_active: JsonBoolean = Field(default_factory=bool, description="Whether the user may sign in.", examples=[True])


class PasswordChange(BaseModel):
    """A new password and the present one."""

    model_config = ConfigDict(extra="forbid")

    current_password: CurrentPassword | None = Field(
        default_factory=lambda: None,
        description=(
            "The present password of the caller. Without it, the session must have been authenticated in the last 10 "
            "minutes."
        ),
        examples=["correct horse battery"],
    )
    password: NewPassword


class Roles(BaseModel):
    """All roles of a user."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] = Field(
        description="The complete list of roles.", min_length=1, max_length=4, examples=[["author", "moderator"]]
    )


PermissionName = Annotated[str, Field(pattern=r"^[a-z_]+:[a-z_]+$", examples=["posts:read"])]
"""Not an enumeration: clients would break with each new feature."""


class Permissions(BaseModel):
    """The permissions of the credentials of this request."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] = Field(description="The roles of the user.", examples=[["author"]])
    permissions: list[PermissionName] = Field(
        description=(
            "The permissions of the roles; with an API key, only those that its scopes include. "
            "Features bring new ones: ignore those that you do not know."
        ),
        examples=[["posts:read"]],
    )
