"""Schemas of posts in v2."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.posts.views import PostStatus
from versions.kit.partial import all_optional
from versions.kit.values import DISTINCT, MAX_INTEGER, JsonBoolean, text
from versions.v2.errors import ForbiddenProblem, Problem
from versions.v2.ids import FileId, PostId, V1Id

Title = Annotated[str, text(min_length=1, max_length=200), Field(description="In plain text.", examples=["Strata"])]
Content = Annotated[
    str, text(max_length=100_000), Field(description="In plain text.", examples=["Rock in layers tells its history."])
]
Status = Annotated[
    PostStatus,
    Field(
        description="Everybody can read a published post; only its author and admins can read others.",
        examples=["published"],
    ),
]
Attachments = Annotated[
    list[FileId],
    DISTINCT,
    Field(
        max_length=10,
        description="Files of yours in their order, which everybody who can read the post can read, too.",
        examples=[[]],
        json_schema_extra={"uniqueItems": True},
    ),
]
Count = Annotated[int, Field(description="How often the post was viewed.", ge=0, le=MAX_INTEGER, examples=[0])]


class Include(StrEnum):
    """Related objects that a post can include."""

    AUTHOR = "author"


class _Writable(BaseModel):
    """The members that clients write, named like the fields of ``PostFields``. An absent one is not ``given``."""

    # The factories keep defaults out of the OpenAPI document: the default of an absent member is not written.
    model_config = ConfigDict(extra="forbid")

    title: Title = Field(default_factory=str)
    content: Content = Field(default_factory=str)
    attachments: Attachments = Field(default_factory=list)


class PostCreate(_Writable):
    """A post to create."""

    title: Title
    content: Content
    status: Literal["draft", "published"] = Field(
        default="draft", description="The initial status.", examples=["published"]
    )


class PostPatch(_Writable):
    """A merge patch: absent members stay unchanged; null is accepted where the schema has it."""

    status: Status = Field(default_factory=lambda: PostStatus.DRAFT)


class Author(BaseModel):
    """The public profile of an author."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    display_name: str = Field(description="The display name.", examples=["Ada Lovelace"])


class Attachment(BaseModel):
    """A file of a post. `GET /files/{file_id}` has more about it, and `GET /files/{file_id}/content` its content."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the file.", examples=["file_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    name: str = Field(description="The name, without a path.", examples=["layers.pdf"])
    content_type: str = Field(description="The media type.", examples=["application/pdf"])
    size: int = Field(description="The size in bytes.", examples=[48211])


class Post(BaseModel):
    """A post."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the post.", examples=["post_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    author_id: str = Field(description="The id of the author.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    title: str = Field(description="In plain text.", examples=["Strata"])
    content: str = Field(description="In plain text.", examples=["Rock in layers tells its history."])
    status: Status
    published_at: datetime | None = Field(
        description="When the post was first published; null before that.", examples=["2026-11-23T12:00:00Z"]
    )
    view_count: Count
    created_at: datetime = Field(description="When the post was created.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When the post was last edited.", examples=["2026-11-23T12:00:00Z"])
    attachments: list[Attachment] = Field(description="The files of the post, in their order.")


class PostWithAuthor(Post):
    """A post and its author."""

    author: Author


@all_optional
class PartialPost(Post):
    """The members of a post that `fields` selects; the others are absent."""

    author: Author = Field(description="The author, if included.")


AnyPost = PostWithAuthor | Post | PartialPost


class BatchCreate(BaseModel):
    """Create a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["create"] = Field(description="The kind of operation.", examples=["create"])
    post: PostCreate = Field(description="The post to create.")


class BatchUpdate(BaseModel):
    """Edit a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["update"] = Field(description="The kind of operation.", examples=["update"])
    id: PostId = Field(description="The post.")
    patch: PostPatch = Field(description="A merge patch.")


class BatchDelete(BaseModel):
    """Delete a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["delete"] = Field(description="The kind of operation.", examples=["delete"])
    id: PostId = Field(description="The post.")


BatchOperation = Annotated[BatchCreate | BatchUpdate | BatchDelete, Field(discriminator="op")]


class Batch(BaseModel):
    """Operations, executed in order."""

    model_config = ConfigDict(extra="forbid")

    operations: list[BatchOperation] = Field(description="The operations.", min_length=1, max_length=100)
    atomic: JsonBoolean = Field(
        default=False, description="Whether all operations are rolled back if one fails.", examples=[False]
    )


class BatchResult(BaseModel):
    """The result of one operation: a post, nothing after a deletion, or a problem."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(
        description="The status code that a separate request would have.", ge=200, le=599, examples=[201]
    )
    post: Post | None = Field(description="The post after the operation; null after a deletion or an error.")
    problem: ForbiddenProblem | Problem | None = Field(description="The error; null if the operation succeeded.")


class BatchResults(BaseModel):
    """One result for each operation, in the same order."""

    model_config = ConfigDict(extra="forbid")

    results: list[BatchResult] = Field(description="The results.")


class Highlights(BaseModel):
    """HTML: the text is escaped, matches are enclosed in `<mark>`."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="The whole title.", examples=["<mark>Strata</mark>"])
    content: str = Field(description="Fragments of the content.", examples=["Rock in <mark>layers</mark>"])


class SearchResult(BaseModel):
    """A post that matches the query."""

    model_config = ConfigDict(extra="forbid")

    post: Post = Field(description="The post.")
    rank: float = Field(description="The relevance; higher is better.", ge=0, examples=[0.6])
    highlights: Highlights = Field(description="The matches of the query.")
