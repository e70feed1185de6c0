"""Schemas of posts in v1."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from versions.kit.values import IntegerInBody, JsonBoolean, text

Title = Annotated[str, text(min_length=1, max_length=200), Field(description="In plain text.", examples=["Strata"])]
Content = Annotated[
    str, text(max_length=100_000), Field(description="In plain text.", examples=["Rock in layers tells its history."])
]


class SortField(StrEnum):
    """The fields by which a listing can be sorted."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    TITLE = "title"
    VIEW_COUNT = "view_count"


class PostResponse(BaseModel):
    """A post."""

    id: int = Field(description="The sequential id.", examples=[1])
    title: str = Field(description="In plain text.", examples=["Strata"])
    content: str = Field(description="In plain text.", examples=["Rock in layers tells its history."])
    published: bool = Field(description="Whether everybody can read it.", examples=[True])
    author_id: int = Field(description="The id of the author.", examples=[1])
    view_count: int = Field(description="How often the post was read.", ge=0, examples=[0])
    created_at: datetime = Field(description="When the post was created.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When the post was last edited.", examples=["2026-11-23T12:00:00Z"])


class PostPage(BaseModel):
    """One page of posts."""

    items: list[PostResponse] = Field(description="The posts.")
    total: int = Field(description="The total number of posts.", ge=0, examples=[1])
    page: int = Field(description="The number of this page, from 1.", ge=1, examples=[1])
    page_size: int = Field(description="The maximum number of posts on a page.", ge=1, examples=[20])
    total_pages: int = Field(description="The number of pages.", ge=0, examples=[1])


class PostCreate(BaseModel):
    """A post to create."""

    title: Title
    content: Content
    published: JsonBoolean = Field(default=False, description="Whether everybody can read it.", examples=[True])


class PostUpdate(BaseModel):
    """The fields to change."""

    title: Title = Field(default_factory=str)
    content: Content = Field(default_factory=str)
    published: JsonBoolean = Field(default_factory=bool, description="Whether everybody can read it.", examples=[True])


class BatchRequest(BaseModel):
    """The posts to return."""

    ids: list[IntegerInBody] = Field(description="The ids of the posts.", min_length=1, max_length=100, examples=[[1]])
