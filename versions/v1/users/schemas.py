"""The shapes of accounts in v1."""

from datetime import datetime

from pydantic import BaseModel, Field

from versions.kit.values import JsonBoolean
from versions.v1.auth.schemas import Address, Name, NewPassword


class UserResponse(BaseModel):
    """An account."""

    id: int = Field(description="The sequential id.", examples=[1])
    email: str = Field(description="The e-mail address.", examples=["ada@example.com"])
    full_name: str = Field(description="The full name.", examples=["Ada Lovelace"])
    is_active: bool = Field(description="Whether the account may sign in.", examples=[True])
    created_at: datetime = Field(description="When it was made.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When it was changed last.", examples=["2026-11-23T12:00:00Z"])


class UserPage(BaseModel):
    """Accounts from an offset on, and how many there are."""

    items: list[UserResponse] = Field(description="The accounts.")
    total: int = Field(description="How many there are in all.", ge=0, examples=[1])
    skip: int = Field(description="How many were skipped.", ge=0, examples=[0])
    limit: int = Field(description="How many were asked for.", ge=1, examples=[100])


class UserCreate(BaseModel):
    """An account to be made by an administrator."""

    email: Address
    password: NewPassword
    full_name: Name


class UserUpdate(BaseModel):
    """The fields to change. Address and activity are an administrator's to change."""

    email: Address = Field(default_factory=str)
    full_name: Name = Field(default_factory=str)
    password: NewPassword = Field(default_factory=str)
    is_active: JsonBoolean = Field(
        default_factory=bool, description="Whether the account may sign in.", examples=[True]
    )
