"""Posts in v2."""

from typing import Annotated, Any, Final

from fastapi import Body, Path, Query, Request, Response

from app.http.conditional import ExpectedRevisionsDep, record_revision
from app.http.deps.posts import PostReaderDep, PostServiceDep, PostViewCounterDep
from app.posts.commands import KeysetPage
from app.posts.views import PostStatus
from versions.kit.application import Resource
from versions.kit.cache_tags import POST_LISTS
from versions.kit.links import Links, link_to
from versions.kit.needs import DELETE_POSTS, READ_POSTS, WRITE_POSTS
from versions.kit.openapi import IDEMPOTENT_REPLAYED, header
from versions.kit.operations import OPTIONAL, SIGNED_IN
from versions.kit.values import NO_NUL
from versions.v2.errors import operations
from versions.v2.ids import PostId, UserId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, page_of, position
from versions.v2.posts import mapping, schemas
from versions.v2.routing import WRITE, PatchRoute, router

ETAG: Final = {
    200: {"headers": {"ETag": header("The revision of the post and a digest of this response.", required=True)}}
}
CREATED: Final = {
    201: {
        "headers": {
            "Location": header("The URL of the post.", required=True),
            "ETag": header("The revision of the post and a digest of this response.", required=True),
            **IDEMPOTENT_REPLAYED,
        }
    }
}


def _linked(post_id: str) -> Links:
    return link_to("posts.get", "posts.delete", "posts.view", post_id=post_id) | link_to(
        "posts.update", post_id=post_id, header__if_match="$response.header.ETag"
    )


_POST: Final = _linked("$response.body#/id") | link_to("posts.list", author_id="$response.body#/author_id")
PostIdPath = Annotated[PostId, Path(description="The id of the post.")]
_WORDS: Any = Query(
    min_length=1,
    max_length=500,
    pattern=NO_NUL,
    description='Words to find, `"exact phrases"`, `or`, `-without`.',
    examples=["layers"],
)
FieldsQuery = Annotated[
    tuple[str, ...] | None,
    Query(description="Return only these members.", examples=[["id", "title"]]),
    mapping.FIELDS,
]
IncludeQuery = Annotated[
    tuple[str, ...] | None, Query(description="Related objects to include.", examples=[["author"]]), mapping.INCLUDE
]
SortQuery = Annotated[
    tuple[str, ...],
    Query(description="The order, by the first name first; `-` for descending.", examples=[["-created_at", "title"]]),
    mapping.SORT,
]

PostPage = Page[schemas.AnyPost]
SearchPage = Page[schemas.SearchResult]
posts = router("/posts", "posts")
patches = router("/posts", "posts", PatchRoute)
search = router("/search", "posts")
RESOURCE: Final = Resource(
    tags=({"name": "posts", "description": "Writing, reading, searching."},), routers=(posts, patches, search)
)


@posts.get(
    "",
    response_model_exclude_unset=True,
    **operations.declare("posts.list", security=OPTIONAL, needs=READ_POSTS, cache_tags=POST_LISTS, success=LINK),
)
async def list_posts(
    request: Request,
    response: Response,
    reader: PostReaderDep,
    status: Annotated[PostStatus | None, Query(description="Posts of this status only.")] = None,
    author_id: Annotated[UserId | None, Query(description="Posts by this user only.")] = None,
    q: Annotated[str | None, _WORDS] = None,
    sort: SortQuery = mapping.DEFAULT_SORT,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    fields: FieldsQuery = None,
    include: IncludeQuery = None,
) -> PostPage:
    """List the posts that the caller may see."""
    wanted = mapping.wanted(status, author_id, q)
    found = await reader.page(wanted, KeysetPage(mapping.sort(sort), limit, position(request, cursor)))
    return page_of(PostPage, request, response, found, mapping.shape(fields, include).of_rows(found.items))


@posts.post(
    "",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "posts.create", security=SIGNED_IN, needs=WRITE_POSTS, fails=[409], success=CREATED, links={201: _POST}
    ),
)
async def create_post(
    request: Request, response: Response, body: schemas.PostCreate, service: PostServiceDep
) -> schemas.Post:
    """Create a post."""
    view = await service.create(mapping.draft(body))
    shaped = mapping.post(view)
    response.headers["Location"] = f"{request.scope['root_path']}/posts/{shaped.id}"
    record_revision(request, view.uid, view.revision)
    return shaped


@posts.post(
    "/batch",
    status_code=207,
    dependencies=WRITE,
    **operations.declare("posts.batch", security=SIGNED_IN, needs=WRITE_POSTS, fails=[404, 409], cost=10),
)
async def batch_posts(request: Request, body: schemas.Batch, service: PostServiceDep) -> schemas.BatchResults:
    """Create, edit and delete posts: independently, or with `atomic` all or none.

    The response of an atomic batch that fails is the problem of the operation that failed.
    """
    requested = mapping.operations(body)
    return mapping.results(request, requested, await service.batch(requested, atomic=body.atomic))


@posts.get(
    "/{post_id}",
    response_model_exclude_unset=True,
    **operations.declare(
        "posts.get",
        security=OPTIONAL,
        needs=READ_POSTS,
        fails=[404],
        success={**ETAG, 304: {"description": "Not modified"}},
        # The path parameter, because `fields` may exclude the id from the body.
        links={200: _linked("$request.path.post_id")},
    ),
)
async def get_post(
    request: Request,
    post_id: PostIdPath,
    reader: PostReaderDep,
    fields: FieldsQuery = None,
    include: IncludeQuery = None,
) -> schemas.AnyPost:
    """Get a post. This does not count as a view."""
    view = await reader.get(known(post_id))
    record_revision(request, view.uid, view.revision)
    return mapping.shaped(view, fields, include)


@patches.patch(
    "/{post_id}",
    dependencies=WRITE,
    **operations.declare(
        "posts.update", security=SIGNED_IN, needs=WRITE_POSTS, fails=[404, 409, 412], success=ETAG, links={200: _POST}
    ),
)
async def edit_post(
    request: Request,
    post_id: PostIdPath,
    body: Annotated[schemas.PostPatch, Body(media_type="application/merge-patch+json")],
    service: PostServiceDep,
    expected: ExpectedRevisionsDep,
) -> schemas.Post:
    """Edit a post with a JSON merge patch (RFC 7396). Allowed for its author."""
    view = await service.edit(known(post_id), mapping.edit(body), expected)
    record_revision(request, view.uid, view.revision)
    return mapping.post(view)


@posts.delete(
    "/{post_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("posts.delete", security=SIGNED_IN, needs=DELETE_POSTS, fails=[404, 409, 412]),
)
async def delete_post(post_id: PostIdPath, service: PostServiceDep, expected: ExpectedRevisionsDep) -> None:
    """Delete a post. Allowed for its author and moderators."""
    await service.delete(known(post_id), expected)


@posts.post(
    "/{post_id}/views",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("posts.view", security=OPTIONAL, needs=READ_POSTS, fails=[404, 409]),
)
async def view_post(post_id: PostIdPath, views: PostViewCounterDep) -> None:
    """Count one view of a post."""
    await views.count(known(post_id))


@search.get(
    "/posts",
    **operations.declare(
        "posts.search", security=OPTIONAL, needs=READ_POSTS, cache_tags=POST_LISTS, success=LINK, cost=5
    ),
)
async def search_posts(
    request: Request,
    response: Response,
    reader: PostReaderDep,
    q: Annotated[str, _WORDS],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> SearchPage:
    """Search posts, most relevant first. The newest 10,000 posts that match are ranked."""
    found = await reader.search(q, position(request, cursor), limit)
    return page(SearchPage, request, response, found, mapping.search_result)
