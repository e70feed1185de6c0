"""The shapes of accounts in v2."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.access.principal import Role
from versions.kit.values import Email, JsonBoolean, text
from versions.v2.ids import V1Id

DisplayName = Annotated[
    str, text(min_length=1, max_length=100), Field(description="The name to show.", examples=["Ada Lovelace"])
]
Address = Annotated[Email, Field(description="The e-mail address.", examples=["ada@example.com"])]


class User(BaseModel):
    """An account."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    email: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    display_name: str = Field(description="The name to show.", examples=["Ada Lovelace"])
    roles: list[Role] = Field(description="What the account is here for.", examples=[["author"]])
    is_active: bool = Field(description="Whether it may sign in.", examples=[True])
    is_verified: bool = Field(description="Whether its address is proven.", examples=[True])
    created_at: datetime = Field(description="When it was made.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When it was changed last.", examples=["2026-11-23T12:00:00Z"])


class UserPatch(BaseModel):
    """A merge patch. Address and activity are an administrator's to change."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName = Field(default_factory=str)
    email: Address = Field(default_factory=str)
    is_active: JsonBoolean = Field(
        default_factory=bool, description="Whether the account may sign in.", examples=[True]
    )


class Roles(BaseModel):
    """All roles of an account."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] = Field(
        description="All of them.", min_length=1, max_length=4, examples=[["author", "moderator"]]
    )


class Permission(StrEnum):
    """Everything a role or a key's scope can allow."""

    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    POSTS_MODERATE = "posts:moderate"
    POSTS_READ_ALL = "posts:read_all"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_DELETE = "users:delete"
    ROLES_WRITE = "roles:write"


class Permissions(BaseModel):
    """What the caller may do with the credentials of this request."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] = Field(description="The account's roles.", examples=[["author"]])
    permissions: list[Permission] = Field(
        description="What the roles allow and, with an API key, its scopes too.", examples=[["posts:read"]]
    )
