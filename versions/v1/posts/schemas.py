"""The shapes of posts in v1."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from versions.kit.values import IntegerInBody, JsonBoolean, text

Title = Annotated[str, text(min_length=1, max_length=200), Field(description="In plain text.", examples=["Strata"])]
Content = Annotated[
    str, text(max_length=100_000), Field(description="In plain text.", examples=["Rock in layers tells its history."])
]


class PostResponse(BaseModel):
    """A post."""

    id: int = Field(description="The sequential id.", examples=[1])
    title: str = Field(description="In plain text.", examples=["Strata"])
    content: str = Field(description="In plain text.", examples=["Rock in layers tells its history."])
    published: bool = Field(description="Whether everybody can read it.", examples=[True])
    author_id: int = Field(description="Who wrote it.", examples=[1])
    view_count: int = Field(description="How often it was read.", ge=0, examples=[0])
    created_at: datetime = Field(description="When it was written.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When it was edited last.", examples=["2026-11-23T12:00:00Z"])


class PostPage(BaseModel):
    """One page of posts."""

    items: list[PostResponse] = Field(description="The posts.")
    total: int = Field(description="How many there are on all pages.", ge=0, examples=[1])
    page: int = Field(description="The number of this page, from 1.", ge=1, examples=[1])
    page_size: int = Field(description="How many posts a page has at most.", ge=1, examples=[20])
    total_pages: int = Field(description="How many pages there are.", ge=0, examples=[1])


class PostCreate(BaseModel):
    """A post to be written."""

    title: Title
    content: Content
    published: JsonBoolean = Field(default=False, description="Whether everybody can read it.", examples=[True])


class PostUpdate(BaseModel):
    """The fields to change."""

    title: Title = Field(default_factory=str)
    content: Content = Field(default_factory=str)
    published: JsonBoolean = Field(default_factory=bool, description="Whether everybody can read it.", examples=[True])


class BatchRequest(BaseModel):
    """The posts to get."""

    ids: list[IntegerInBody] = Field(description="Their ids.", min_length=1, max_length=100, examples=[[1]])
