"""Users in v2."""

from typing import Annotated, Final

from fastapi import Body, Path, Request, Response

from app.http.conditional import ExpectedRevisionsDep, record_revision
from app.http.deps.users import UserReaderDep, UserServiceDep
from app.http.principal import PrincipalDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import (
    CREDENTIALS,
    DELETE_USER,
    EDIT_PROFILE,
    EDIT_USER,
    NOTHING,
    READ_PROFILE,
    READ_USER,
    READ_USERS,
    SET_ROLES,
)
from versions.kit.openapi import header
from versions.kit.operations import SIGNED_IN, Success
from versions.v2.errors import operations
from versions.v2.ids import UserId, known
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, PatchRoute, router
from versions.v2.users import mapping, schemas

ETAG: Final[Success] = {
    200: {"headers": {"ETag": header("The revision of the user and a digest of this response.", required=True)}}
}
TAGGED: Final[Success] = {**ETAG, 304: {"description": "Not modified"}}
# No link to the deletion of a user: v2 creates no other users, so a client that follows links would delete its own.
_USER: Final[Links] = (
    link_to("users.get", user_id="$response.body#/id")
    | link_to("posts.list", author_id="$response.body#/id")
    | link_to("users.update", user_id="$response.body#/id", header__if_match="$response.header.ETag")
)
UserIdPath = Annotated[UserId, Path(description="The id of the user.")]
PatchBody = Annotated[schemas.UserPatch, Body(media_type="application/merge-patch+json")]

UserPage = Page[schemas.User]
me = router("/me", "users")
me_patches = router("/me", "users", PatchRoute)
users = router("/users", "users")
user_patches = router("/users", "users", PatchRoute)
RESOURCE: Final = Resource(
    tags=({"name": "users", "description": "Users, roles, permissions."},),
    routers=(me, me_patches, users, user_patches),
)


@me.get("", **operations.declare("me.get", security=SIGNED_IN, needs=READ_PROFILE, success=TAGGED, links={200: _USER}))
async def get_me(request: Request, reader: UserReaderDep) -> schemas.User:
    """Get the caller's user."""
    view = await reader.me()
    record_revision(request, view.uid, view.revision)
    return mapping.user(view)


@me_patches.patch(
    "",
    dependencies=WRITE,
    **operations.declare(
        "me.update", security=SIGNED_IN, needs=EDIT_PROFILE, fails=[404, 409, 412], success=ETAG, links={200: _USER}
    ),
)
async def edit_me(
    request: Request, body: PatchBody, principal: PrincipalDep, service: UserServiceDep, expected: ExpectedRevisionsDep
) -> schemas.User:
    """Edit the caller's user with a JSON merge patch (RFC 7396)."""
    view = await service.edit(principal.signed_in().user_uid, mapping.edit(body), expected)
    record_revision(request, view.uid, view.revision)
    return mapping.user(view)


@me.get("/permissions", **operations.declare("me.permissions", security=SIGNED_IN, needs=NOTHING))
async def get_permissions(principal: PrincipalDep) -> schemas.Permissions:
    """Get the caller's roles and permissions."""
    principal.signed_in()
    return mapping.permissions(principal)


@me.put(
    "/password",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("me.set_password", security=SIGNED_IN, needs=CREDENTIALS, fails=[409]),
)
async def set_password(body: schemas.PasswordChange, service: UserServiceDep) -> None:
    """Set the caller's password. The caller's other sessions end."""
    await service.change_password(body.current_password, body.password)


@users.get("", **operations.declare("users.list", security=SIGNED_IN, needs=READ_USERS, success=LINK))
async def list_users(
    request: Request, response: Response, reader: UserReaderDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> UserPage:
    """List all users, oldest first. Needs `users:read`."""
    found = await reader.page(position(request, cursor), limit)
    return page(UserPage, request, response, found, mapping.user)


@users.get(
    "/{user_id}",
    **operations.declare(
        "users.get", security=SIGNED_IN, needs=READ_USER, fails=[404], success=TAGGED, links={200: _USER}
    ),
)
async def get_user(request: Request, user_id: UserIdPath, reader: UserReaderDep) -> schemas.User:
    """Get the caller's user, or any user with `users:read`."""
    view = await reader.get(known(user_id))
    record_revision(request, view.uid, view.revision)
    return mapping.user(view)


@user_patches.patch(
    "/{user_id}",
    dependencies=WRITE,
    **operations.declare(
        "users.update", security=SIGNED_IN, needs=EDIT_USER, fails=[404, 409, 412], success=ETAG, links={200: _USER}
    ),
)
async def edit_user(
    request: Request, user_id: UserIdPath, body: PatchBody, service: UserServiceDep, expected: ExpectedRevisionsDep
) -> schemas.User:
    """Edit the caller's user, or any user with `users:write`, with a JSON merge patch (RFC 7396)."""
    view = await service.edit(known(user_id), mapping.edit(body), expected)
    record_revision(request, view.uid, view.revision)
    return mapping.user(view)


@users.delete(
    "/{user_id}",
    status_code=204,
    dependencies=WRITE,
    **operations.declare("users.delete", security=SIGNED_IN, needs=DELETE_USER, fails=[404, 409, 412]),
)
async def delete_user(user_id: UserIdPath, service: UserServiceDep, expected: ExpectedRevisionsDep) -> None:
    """Delete the caller's user, or any user with `users:delete`, with all posts, sessions and keys."""
    await service.delete(known(user_id), expected)


@users.put(
    "/{user_id}/roles",
    dependencies=WRITE,
    **operations.declare(
        "users.set_roles", security=SIGNED_IN, needs=SET_ROLES, fails=[404, 409, 412], success=ETAG, links={200: _USER}
    ),
)
async def set_roles(
    request: Request, user_id: UserIdPath, body: schemas.Roles, service: UserServiceDep, expected: ExpectedRevisionsDep
) -> schemas.User:
    """Replace the roles of a user. Needs `roles:write`."""
    view = await service.set_roles(known(user_id), body.roles, expected)
    record_revision(request, view.uid, view.revision)
    return mapping.user(view)
