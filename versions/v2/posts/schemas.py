"""The shapes of posts in v2."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.kit.clock import utc_now
from app.posts.views import PostStatus
from versions.kit.values import MAX_INTEGER, JsonBoolean, text
from versions.v2.errors import Problem
from versions.v2.ids import PostId, V1Id

Title = Annotated[str, text(min_length=1, max_length=200), Field(description="In plain text.", examples=["Strata"])]
Content = Annotated[
    str, text(max_length=100_000), Field(description="In plain text.", examples=["Rock in layers tells its history."])
]
Status = Annotated[
    PostStatus,
    Field(
        description="A published post is everybody's; others are seen by their author and admins.",
        examples=["published"],
    ),
]
Count = Annotated[int, Field(description="How often the post was viewed.", ge=0, le=MAX_INTEGER, examples=[0])]


class PostField(StrEnum):
    """The members of a post that `fields` can choose."""

    ID = "id"
    V1_ID = "v1_id"
    AUTHOR_ID = "author_id"
    TITLE = "title"
    CONTENT = "content"
    STATUS = "status"
    PUBLISHED_AT = "published_at"
    VIEW_COUNT = "view_count"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


class Include(StrEnum):
    """What a post can bring along."""

    AUTHOR = "author"


class PostCreate(BaseModel):
    """A post to be written."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    content: Content
    status: Literal["draft", "published"] = Field(
        default="draft", description="Whether to publish it at once.", examples=["published"]
    )


class PostPatch(BaseModel):
    """A merge patch: members that are absent stay as they are, null is for none of them."""

    model_config = ConfigDict(extra="forbid")

    title: Title = Field(default_factory=str)
    content: Content = Field(default_factory=str)
    status: Status = Field(default_factory=lambda: PostStatus.DRAFT)


class Author(BaseModel):
    """What everybody may know of an author."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    display_name: str = Field(description="The name to show.", examples=["Ada Lovelace"])


class Post(BaseModel):
    """A post. `author` is there only when it was included, and with `fields` only those members are."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The post.", examples=["post_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id
    author_id: str = Field(description="Who wrote it.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    title: str = Field(description="In plain text.", examples=["Strata"])
    content: str = Field(description="In plain text.", examples=["Rock in layers tells its history."])
    status: Status
    published_at: datetime | None = Field(
        description="When it was published first; null before.", examples=["2026-11-23T12:00:00Z"]
    )
    view_count: Count
    created_at: datetime = Field(description="When it was written.", examples=["2026-11-23T12:00:00Z"])
    updated_at: datetime = Field(description="When it was edited last.", examples=["2026-11-23T12:00:00Z"])


class PostWithAuthor(Post):
    """A post and its author."""

    author: Author


class PartialPost(BaseModel):
    """The members of a post that `fields` asked for; the others are absent."""

    # Only what is set is sent. The factories never run; they keep defaults out of the document.

    model_config = ConfigDict(extra="forbid")

    id: str = Field(default_factory=str, description="The post.", examples=["post_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: V1Id = Field(default_factory=int)
    author_id: str = Field(
        default_factory=str, description="Who wrote it.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"]
    )
    title: str = Field(default_factory=str, description="In plain text.", examples=["Strata"])
    content: str = Field(
        default_factory=str, description="In plain text.", examples=["Rock in layers tells its history."]
    )
    status: Status = Field(default_factory=lambda: PostStatus.DRAFT)
    published_at: datetime | None = Field(
        default_factory=lambda: None,
        description="When it was published first; null before.",
        examples=["2026-11-23T12:00:00Z"],
    )
    view_count: Count = Field(default_factory=int)
    created_at: datetime = Field(
        default_factory=utc_now, description="When it was written.", examples=["2026-11-23T12:00:00Z"]
    )
    updated_at: datetime = Field(
        default_factory=utc_now, description="When it was edited last.", examples=["2026-11-23T12:00:00Z"]
    )
    author: Author = Field(
        default_factory=lambda: Author(id="", display_name=""), description="Who wrote it, where included."
    )


AnyPost = PostWithAuthor | Post | PartialPost


class BatchCreate(BaseModel):
    """Write a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["create"] = Field(description="What to do.", examples=["create"])
    post: PostCreate = Field(description="The post to write.")


class BatchUpdate(BaseModel):
    """Edit a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["update"] = Field(description="What to do.", examples=["update"])
    id: PostId = Field(description="The post.")
    patch: PostPatch = Field(description="A merge patch.")


class BatchDelete(BaseModel):
    """Remove a post."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["delete"] = Field(description="What to do.", examples=["delete"])
    id: PostId = Field(description="The post.")


BatchOperation = Annotated[BatchCreate | BatchUpdate | BatchDelete, Field(discriminator="op")]


class Batch(BaseModel):
    """Operations, carried out in their order."""

    model_config = ConfigDict(extra="forbid")

    operations: list[BatchOperation] = Field(description="What to do.", min_length=1, max_length=100)
    atomic: JsonBoolean = Field(default=False, description="All or nothing.", examples=[False])


class BatchResult(BaseModel):
    """What became of one operation: a post, nothing after a removal, or a problem."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(description="As if it had been a request of its own.", ge=200, le=599, examples=[201])
    post: Post | None = Field(description="The post as it is now.")
    problem: Problem | None = Field(description="What went wrong.")


class BatchResults(BaseModel):
    """One result for each operation, in their order."""

    model_config = ConfigDict(extra="forbid")

    results: list[BatchResult] = Field(description="The results.")


class Highlights(BaseModel):
    """HTML: the text is escaped, the hits stand in `<mark>`."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="The whole title.", examples=["<mark>Strata</mark>"])
    content: str = Field(description="Fragments of the content.", examples=["Rock in <mark>layers</mark>"])


class SearchResult(BaseModel):
    """A post that fits the query."""

    model_config = ConfigDict(extra="forbid")

    post: Post = Field(description="The post.")
    rank: float = Field(description="How well it fits; more is better.", ge=0, examples=[0.6])
    highlights: Highlights = Field(description="Where the query was found.")
