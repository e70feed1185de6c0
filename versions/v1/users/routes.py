"""Users in v1."""

from typing import Annotated, Final

from fastapi import Depends, Query

from app.errors import Malformed
from app.http.deps.posts import PostReaderDep
from app.http.deps.users import UserReaderDep, UserServiceDep
from app.posts.commands import OffsetPage, PostFilter
from versions.kit.application import Resource
from versions.kit.cache_tags import POST_LISTS
from versions.kit.links import Links, link_to
from versions.kit.needs import (
    CREATE_USERS,
    DELETE_USER,
    DELETE_USERS,
    EDIT_USER,
    READ_POSTS,
    READ_PROFILE,
    READ_USER,
    READ_USERS,
)
from versions.kit.operations import OPTIONAL, SIGNED_IN
from versions.kit.values import DECIMAL
from versions.v1.errors import operations
from versions.v1.posts import mapping as posts_mapping
from versions.v1.posts.schemas import PostResponse
from versions.v1.routing import MAX_SKIP, Id, number, router
from versions.v1.users import mapping, schemas

_MAX_LIMIT: Final = 1000


class LimitTooHigh(Malformed):
    code = "limit_too_high"
    detail = f"Limit cannot exceed {_MAX_LIMIT}"


async def bounded_limit(
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=MAX_SKIP,
            description="How many users to return, 1000 at most.",
            examples=[100],
            json_schema_extra={"maximum": _MAX_LIMIT},
        ),
        DECIMAL,
    ] = 100,
) -> int:
    """Rejects a limit above the maximum with 400, where v1 does not use 422."""
    if limit > _MAX_LIMIT:
        raise LimitTooHigh
    return limit


Skip = Annotated[int, Query(ge=0, le=MAX_SKIP, description="How many users to skip.", examples=[0]), DECIMAL]
LimitDep = Annotated[int, Depends(bounded_limit)]

_USER: Final[Links] = link_to("users.get", "users.update", "users.list_posts", user_id="$response.body#/id") | link_to(
    "posts.list", author_id="$response.body#/id"
)
# Only a created user links to its deletion: a client that follows links would otherwise delete its own user.
_CREATED: Final[Links] = (
    _USER
    | link_to("users.delete", "admin.delete_user", user_id="$response.body#/id")
    | link_to("auth.login", body={"username": "$request.body#/email", "password": "$request.body#/password"})
)

users = router("/users", "users")
admin = router("/admin/users", "admin")
RESOURCE: Final = Resource(
    tags=(
        {"name": "users", "description": "Users."},
        {"name": "admin", "description": "Operations for admins."},
    ),
    routers=(users, admin),
)


@users.get("", **operations.declare("users.list", security=SIGNED_IN, needs=READ_USERS, fails=[400]))
async def list_users(reader: UserReaderDep, limit: LimitDep, skip: Skip = 0) -> list[schemas.UserResponse]:
    """List users. Admins only."""
    return [mapping.user(view) for view in await reader.offset_page(skip, limit)]


@users.get(
    "/paginated", **operations.declare("users.list_paginated", security=SIGNED_IN, needs=READ_USERS, fails=[400])
)
async def list_users_paginated(reader: UserReaderDep, limit: LimitDep, skip: Skip = 0) -> schemas.UserPage:
    """List users with their total number. Admins only."""
    items = [mapping.user(view) for view in await reader.offset_page(skip, limit)]
    return schemas.UserPage(items=items, total=await reader.count(), skip=skip, limit=limit)


@users.get("/me", **operations.declare("users.me", security=SIGNED_IN, needs=READ_PROFILE, links={200: _USER}))
async def get_me(reader: UserReaderDep) -> schemas.UserResponse:
    """Get the caller's user."""
    return mapping.user(await reader.me())


@users.post(
    "",
    status_code=201,
    **operations.declare("users.create", security=SIGNED_IN, needs=CREATE_USERS, fails=[400], links={201: _CREATED}),
)
async def create_user(body: schemas.UserCreate, service: UserServiceDep) -> schemas.UserResponse:
    """Create a user. Admins only."""
    return mapping.user(await service.create(mapping.draft(body)))


@users.get(
    "/{user_id}",
    **operations.declare("users.get", security=SIGNED_IN, needs=READ_USER, fails=[404], links={200: _USER}),
)
async def get_user(user_id: Id, reader: UserReaderDep) -> schemas.UserResponse:
    """Get the caller's user; admins may get any user."""
    return mapping.user(await reader.get(number(user_id)))


@users.put(
    "/{user_id}",
    **operations.declare(
        "users.update", security=SIGNED_IN, needs=EDIT_USER, fails=[400, 404, 409], links={200: _USER}
    ),
)
async def update_user(user_id: Id, body: schemas.UserUpdate, service: UserServiceDep) -> schemas.UserResponse:
    """Change the given fields of the caller's user; admins may change any user."""
    return mapping.user(await service.edit(number(user_id), mapping.edit(body)))


@users.delete(
    "/{user_id}",
    status_code=204,
    **operations.declare("users.delete", security=SIGNED_IN, needs=DELETE_USER, fails=[404, 409]),
)
async def delete_user(user_id: Id, service: UserServiceDep) -> None:
    """Delete the caller's user; admins may delete any user."""
    await service.delete(number(user_id))


@users.get(
    "/{user_id}/posts",
    **operations.declare("users.list_posts", security=OPTIONAL, needs=READ_POSTS, fails=[400], cache_tags=POST_LISTS),
)
async def list_user_posts(user_id: Id, reader: PostReaderDep, limit: LimitDep, skip: Skip = 0) -> list[PostResponse]:
    """List the posts of a user that the caller may see, newest first."""
    found = await reader.offset_page(PostFilter(author=number(user_id)), OffsetPage(posts_mapping.NEWEST, skip, limit))
    return posts_mapping.posts(found)


@admin.delete(
    "/{user_id}",
    status_code=204,
    **operations.declare("admin.delete_user", security=SIGNED_IN, needs=DELETE_USERS, fails=[404, 409]),
)
async def admin_delete_user(user_id: Id, service: UserServiceDep) -> None:
    """Delete any user. Admins only."""
    await service.delete_as_admin(number(user_id))
