"""Posts in v1."""

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request

from app.http.caching import Caching
from app.http.deps.posts import PostReaderDep, PostServiceDep, SinglePostViewCounterDep
from app.http.state import state_of
from app.posts.commands import OffsetPage, PostFilter
from versions.kit.application import Resource
from versions.kit.cache_tags import POST_LISTS
from versions.kit.links import Links, link_to
from versions.kit.needs import DELETE_POSTS, READ_POSTS, WRITE_POSTS
from versions.kit.operations import OPTIONAL, SIGNED_IN
from versions.kit.values import DECIMAL, MAX_INTEGER, NO_NUL
from versions.v1.errors import BatchError, Error, operations
from versions.v1.posts import mapping, schemas
from versions.v1.routing import Id, number, router

_MAX_PAGE: Final = 1_000_000_000
_WORDS: Any = Query(min_length=1, max_length=500, pattern=NO_NUL, description="Words to find.", examples=["layers"])
_POST: Final[Links] = (
    link_to("posts.get", "posts.update", "posts.delete", post_id="$response.body#/id")
    | link_to("posts.get_many", body={"ids": ["$response.body#/id"]})
    | link_to("posts.list", author_id="$response.body#/author_id")
    | link_to("users.list_posts", user_id="$response.body#/author_id")
)

posts = router("/posts", "posts")
search = router("/search", "posts")
RESOURCE: Final = Resource(
    tags=({"name": "posts", "description": "Writing, reading, searching."},), routers=(posts, search)
)


@posts.get("", **operations.declare("posts.list", security=OPTIONAL, needs=READ_POSTS, cache_tags=POST_LISTS))
async def list_posts(
    reader: PostReaderDep,
    page: Annotated[int, Query(ge=1, le=_MAX_PAGE, description="The number of the page.", examples=[1]), DECIMAL] = 1,
    page_size: Annotated[
        int, Query(ge=1, le=100, description="The maximum number of posts on a page.", examples=[20]), DECIMAL
    ] = 20,
    search: Annotated[str | None, _WORDS] = None,
    published: Annotated[bool | None, Query(description="Only published posts, or only unpublished posts.")] = None,
    author_id: Annotated[
        int | None, Query(ge=1, le=MAX_INTEGER, description="Posts by this user only."), DECIMAL
    ] = None,
    sort_by: Annotated[schemas.SortField, Query(description="The sort field.")] = schemas.SortField.CREATED_AT,
    sort_order: Annotated[Literal["asc", "desc"], Query(description="The sort order.")] = "desc",
) -> schemas.PostPage:
    """List the posts that the caller may see."""
    wanted = PostFilter(published=published, author=author_id, query=search)
    sort = mapping.sort(sort_by, sort_order)
    found = await reader.counted_page(wanted, OffsetPage(sort, (page - 1) * page_size, page_size))
    return mapping.page(found, page, page_size)


@posts.post(
    "", status_code=201, **operations.declare("posts.create", security=SIGNED_IN, needs=WRITE_POSTS, links={201: _POST})
)
async def create_post(body: schemas.PostCreate, service: PostServiceDep) -> schemas.PostResponse:
    """Create a post."""
    return mapping.post(await service.create(mapping.draft(body)))


_BATCH: Final = operations.declare("posts.get_many", security=OPTIONAL, needs=READ_POSTS, cost=10)
_BATCH["responses"][400]["model"] = BatchError | Error


@posts.post("/batch", **_BATCH)
async def get_posts(body: schemas.BatchRequest, reader: PostReaderDep) -> list[schemas.PostResponse]:
    """Get several posts. Responds with 400 and the missing ids if any does not exist."""
    return [mapping.post(view) for view in await reader.get_many(body.ids)]


@posts.get(
    "/{post_id}",
    **operations.declare(
        "posts.get", security=OPTIONAL, needs=READ_POSTS, fails=[404], links={200: _POST}, caching=Caching.CALLER
    ),
)
async def get_post(
    request: Request, post_id: Id, views: SinglePostViewCounterDep, reader: PostReaderDep
) -> schemas.PostResponse:
    """Get a post. Reading it counts as a view."""
    if state_of(request.scope).without_body:
        # HEAD is safe (RFC 9110, section 9.2.1), so it counts no view.
        return mapping.post(await reader.get(number(post_id)))
    return mapping.post(await views.count(number(post_id)))


@posts.put(
    "/{post_id}",
    **operations.declare("posts.update", security=SIGNED_IN, needs=WRITE_POSTS, fails=[404], links={200: _POST}),
)
async def update_post(post_id: Id, body: schemas.PostUpdate, service: PostServiceDep) -> schemas.PostResponse:
    """Change the given fields. Allowed for the author."""
    return mapping.post(await service.edit(number(post_id), mapping.edit(body)))


@posts.delete(
    "/{post_id}",
    status_code=204,
    **operations.declare("posts.delete", security=SIGNED_IN, needs=DELETE_POSTS, fails=[404]),
)
async def delete_post(post_id: Id, service: PostServiceDep) -> None:
    """Delete a post. Allowed for its author and moderators."""
    await service.delete(number(post_id))


@search.get(
    "", **operations.declare("posts.search", security=OPTIONAL, needs=READ_POSTS, cache_tags=POST_LISTS, cost=5)
)
async def search_posts(
    reader: PostReaderDep,
    query: Annotated[str, _WORDS],
    limit: Annotated[int, Query(ge=1, le=100, description="The maximum number of posts.", examples=[20]), DECIMAL] = 20,
) -> list[schemas.PostResponse]:
    """Search posts, most relevant first. The newest 10,000 posts that match are ranked."""
    found = await reader.search(query, None, limit)
    return [mapping.post(hit.post) for hit in found.items]
