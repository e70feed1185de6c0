"""What v2 makes of views of the core, and commands of the core from requests of v2."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.access.principal import Principal, Role
from app.auth.commands import PasswordSignIn, Registration
from app.auth.views import SessionView, TokenPair
from app.kit.unset import UNSET
from app.posts.commands import (
    CreatePost,
    DeletePost,
    PostDraft,
    PostEdit,
    PostFilter,
    Sort,
    SortField,
    UpdatePost,
)
from app.posts.views import Highlights, PostStatus, SearchHit
from app.users.commands import UserEdit
from observability.rate_limit.limiter import Decision, Standing
from observability.rate_limit.policies import PolicySet
from tests.versions.views import (
    AUTHOR_UID,
    CREATED,
    FILE_UID,
    POST,
    POST_UID,
    PUBLISHED,
    SESSION_UID,
    UPDATED,
    USER,
    USER_UID,
)
from versions.kit.typeid import encode
from versions.v2.auth import errors as auth_errors
from versions.v2.auth import mapping as auth
from versions.v2.auth import schemas as auth_schemas
from versions.v2.ids import PostId, SessionId, UserId, known
from versions.v2.limits import mapping as limits
from versions.v2.posts import mapping as posts
from versions.v2.posts import schemas as post_schemas
from versions.v2.users import mapping as users
from versions.v2.users import schemas as user_schemas

POST_ID, AUTHOR_ID, USER_ID = encode("post", POST_UID), encode("usr", AUTHOR_UID), encode("usr", USER_UID)
FILE_ID = encode("file", FILE_UID)
WHOLE = {
    "id": POST_ID,
    "v1_id": 1,
    "author_id": AUTHOR_ID,
    "title": "A title",
    "content": "The content",
    "status": "published",
    "published_at": PUBLISHED,
    "view_count": 3,
    "created_at": CREATED,
    "updated_at": UPDATED,
    "attachments": [{"id": FILE_ID, "name": "layers.pdf", "content_type": "application/pdf", "size": 48211}],
}
AUTHOR = {"id": AUTHOR_ID, "display_name": "Ada"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_post() -> None:
    assert posts.post(POST).model_dump() == WHOLE
    hidden = replace(POST, status="archived", published_at=None)
    assert posts.post(hidden).model_dump() == {**WHOLE, "status": "archived", "published_at": None}


@pytest.mark.parametrize(
    ("fields", "include", "expected"),
    [
        (None, None, WHOLE),
        (None, ("author",), {**WHOLE, "author": AUTHOR}),
        (("title", "id"), None, {"title": "A title", "id": POST_ID}),
        (("title",), ("author",), {"title": "A title", "author": AUTHOR}),
        ((), (), WHOLE),
    ],
)
def test_a_post_with_selected_members(fields: Any, include: Any, expected: dict[str, Any]) -> None:
    assert posts.shaped(POST, fields, include).model_dump(exclude_unset=True) == expected


def test_a_search_result() -> None:
    found = posts.search_result(SearchHit(POST, 0.5, Highlights("<mark>A</mark>", "The"))).model_dump()
    assert found == {"post": WHOLE, "rank": 0.5, "highlights": {"title": "<mark>A</mark>", "content": "The"}}


@pytest.mark.parametrize(
    ("body", "edit"),
    [
        ({}, PostEdit()),
        ({"title": "t"}, PostEdit(title="t")),
        ({"content": ""}, PostEdit(content="")),
        ({"status": "archived"}, PostEdit(status=PostStatus.ARCHIVED)),
        ({"attachments": []}, PostEdit(attachments=())),
        ({"attachments": [FILE_ID]}, PostEdit(attachments=(FILE_UID,))),
    ],
)
def test_a_patch_has_the_given_members(body: dict[str, Any], edit: PostEdit) -> None:
    assert posts.edit(post_schemas.PostPatch.model_validate(body)) == edit
    assert edit.publication is UNSET


def test_the_operations_of_a_batch() -> None:
    batch = post_schemas.Batch.model_validate(
        {
            "operations": [
                {
                    "op": "create",
                    "post": {"title": "t", "content": "c", "status": "published", "attachments": [FILE_ID]},
                },
                {"op": "update", "id": POST_ID, "patch": {"title": "new"}},
                {"op": "delete", "id": POST_ID},
            ]
        }
    )
    assert posts.operations(batch) == [
        CreatePost(PostDraft(title="t", content="c", status=PostStatus.PUBLISHED, attachments=(FILE_UID,))),
        UpdatePost(POST_UID, PostEdit(title="new")),
        DeletePost(POST_UID),
    ]
    assert batch.atomic is False


def test_the_filter_of_a_list() -> None:
    assert posts.wanted(None, None, None) == PostFilter()
    found = posts.wanted(PostStatus.DRAFT, USER_UID, "layers")  # type: ignore[arg-type]  # its validator decodes an id
    assert found == PostFilter(status=PostStatus.DRAFT, author=USER_UID, query="layers")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("title",), [(SortField.TITLE, False)]),
        (("-created_at", "title"), [(SortField.CREATED_AT, True), (SortField.TITLE, False)]),
        (("title", "-title"), [(SortField.TITLE, False)]),
        (("-view_count", "updated_at", "view_count"), [(SortField.VIEW_COUNT, True), (SortField.UPDATED_AT, False)]),
    ],
)
def test_the_order_of_a_list(names: tuple[str, ...], expected: list[tuple[SortField, bool]]) -> None:
    assert posts.sort(names) == tuple(Sort(field, descending) for field, descending in expected)
    assert posts.DEFAULT_SORT == ("-created_at",)
    assert set(posts.SORT.names) == {f"{sign}{field}" for field in SortField for sign in ("", "-")}


def test_lists_of_names_have_errors_of_their_own() -> None:
    found = {}
    for names in (posts.FIELDS, posts.INCLUDE, posts.SORT):
        with pytest.raises(Exception, match="separated by commas") as caught:
            names.parse(["nonsense"])
        (field,) = caught.value.fields  # type: ignore[attr-defined]  # of a DomainError
        found[field.path] = (caught.value.code, str(caught.value))  # type: ignore[attr-defined]  # as above
        assert (field.where, field.code) == ("query", caught.value.code)  # type: ignore[attr-defined]  # as above
    assert found[("include",)] == ("invalid_choice", "include takes author, separated by commas.")
    assert found[("sort",)] == (
        "invalid_sort",
        "sort takes created_at, title, updated_at, view_count, separated by commas, with - in front for descending.",
    )
    assert found[("fields",)][1] == f"fields takes {', '.join(sorted(WHOLE))}, separated by commas."


def test_a_user() -> None:
    expected = {
        "id": USER_ID,
        "v1_id": 5,
        "email": "ada@example.com",
        "display_name": "Ada",
        "roles": ["moderator", "author"],
        "is_active": True,
        "is_verified": False,
        "created_at": CREATED,
        "updated_at": UPDATED,
    }
    assert users.user(USER).model_dump() == expected
    other = users.user(replace(USER, is_active=False, is_verified=True)).model_dump()
    assert other == {**expected, "is_active": False, "is_verified": True}


@pytest.mark.parametrize(
    ("body", "edit"),
    [
        ({}, UserEdit()),
        ({"display_name": "Eve"}, UserEdit(display_name="Eve")),
        ({"email": "eve@example.com"}, UserEdit(email="eve@example.com")),
        ({"is_active": False}, UserEdit(is_active=False)),
    ],
)
def test_a_patch_of_a_user_has_the_given_members(body: dict[str, Any], edit: UserEdit) -> None:
    assert users.edit(user_schemas.UserPatch.model_validate(body)) == edit


def test_permissions_are_sorted() -> None:
    principal = Principal(1, USER_UID, (Role.ADMIN,), frozenset({"posts:write", "posts:read", "future:thing"}))
    assert users.permissions(principal).model_dump() == {
        "roles": ["admin"],
        "permissions": ["future:thing", "posts:read", "posts:write"],
    }


def test_sessions_tokens_and_sign_in() -> None:
    body = auth_schemas.Registration.model_validate(
        {"email": "ada@example.com", "password": "password 1", "display_name": "Ada"}
    )
    registration = Registration("ada@example.com", "password 1", "Ada", "192.0.2.0/24")
    assert auth.registration(body, "192.0.2.0/24") == registration
    form = auth_schemas.TokenForm.model_construct(username="ada@example.com", password="password 1")
    sign_in = PasswordSignIn("ada@example.com", "password 1", "192.0.2.7", "curl")
    assert auth.credentials(form, "192.0.2.7", "curl") == sign_in
    assert auth.tokens(TokenPair("access", "refresh", 900, "posts:read")).model_dump() == {
        "access_token": "access",
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": "refresh",
        "scope": "posts:read",
    }
    view = SessionView(SESSION_UID, "curl", CREATED, UPDATED, PUBLISHED, current=True)
    assert auth.session(view).model_dump() == {
        "id": encode("ses", SESSION_UID),
        "user_agent": "curl",
        "current": True,
        "created_at": CREATED,
        "last_used_at": UPDATED,
        "expires_at": PUBLISHED,
    }
    assert auth.session(replace(view, current=False)).current is False


def test_the_limits_of_a_caller() -> None:
    rules = PolicySet.parse("pro", {"burst": "10/minute", "daily": "99/day"})
    standings = (Standing(rules.policies[0], 3, 1500), Standing(rules.policies[1], 99, 0))
    assert limits.rate_limit(Decision(rules, standings, 0)).model_dump() == {
        "plan": "pro",
        "policies": [
            {"name": "burst", "quota": 10, "window": 60, "remaining": 3, "reset": 2},
            {"name": "daily", "quota": 99, "window": 86_400, "remaining": 99, "reset": 0},
        ],
    }


def test_an_id_has_the_prefix_of_its_resource() -> None:
    kinds: dict[str, Any] = {"post": PostId, "usr": UserId, "ses": SessionId}
    for prefix, kind in kinds.items():
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        assert adapter.validate_python(encode(prefix, USER_UID)) == USER_UID
        for other in {*kinds, "x"} - {prefix}:
            with pytest.raises(ValidationError):
                adapter.validate_python(encode(other, USER_UID))
    assert known(USER_UID) is USER_UID
    with pytest.raises(TypeError):
        known(USER_ID)


def test_errors_of_the_token_endpoint_have_codes_of_oauth() -> None:
    """RFC 6749, section 5.2; clients of v2 compare these."""
    assert auth_errors._OAUTH == {
        "invalid_credentials": "invalid_grant",
        "invalid_refresh_token": "invalid_grant",
        "wrong_token_type": "invalid_grant",
        "invalid_sign_in_code": "invalid_grant",
        "email_not_verified": "invalid_grant",
        "account_deactivated": "invalid_grant",
        "too_many_attempts": "temporarily_unavailable",
        "unavailable": "temporarily_unavailable",
        "unsupported_grant_type": "unsupported_grant_type",
    }
    assert {400, 401, 403, 415, 422, 429} == auth_errors.STATUSES
