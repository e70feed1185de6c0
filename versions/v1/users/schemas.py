"""Schemas of users in v1."""

from datetime import datetime

from pydantic import BaseModel, Field

from versions.kit.values import JsonBoolean
from versions.v1.auth.schemas import Address, CurrentPassword, Name, NewPassword


class UserResponse(BaseModel):
    """A user."""

    id: int = Field(description="The sequential id.", examples=[1])
    email: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    full_name: str = Field(description="The full name.", examples=["Ada Lovelace"])
    is_active: bool = Field(description="Whether the user may sign in.", examples=[True])
    created_at: datetime = Field(description="When the user was created.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When the user was last changed.", examples=["2026-11-23T12:00:00Z"])


class UserPage(BaseModel):
    """Users from an offset, with the total number."""

    items: list[UserResponse] = Field(description="The users.")
    total: int = Field(description="The total number of users.", ge=0, examples=[1])
    skip: int = Field(description="The number of skipped users.", ge=0, examples=[0])
    limit: int = Field(description="The requested number of users.", ge=1, examples=[100])


class UserCreate(BaseModel):
    """A user that an administrator creates."""

    email: Address
    password: NewPassword
    full_name: Name


class UserUpdate(BaseModel):
    """The fields to change. Only administrators may change `email` and `is_active`.

    A new `password` or `email` needs `current_password`, or a session that is younger than 10 minutes.
    """

    email: Address = Field(default_factory=str)
    full_name: Name = Field(default_factory=str)
    password: NewPassword = Field(default_factory=str)
    current_password: CurrentPassword = Field(default_factory=str)
    is_active: JsonBoolean = Field(default_factory=bool, description="Whether the user may sign in.", examples=[True])
