"""What v1 makes of views of the core, and commands of the core from requests of v1."""

from dataclasses import replace
from typing import Any

import pytest

from app.auth.commands import PasswordSignIn, Registration
from app.auth.views import TokenPair
from app.kit.unset import UNSET
from app.posts.commands import PostDraft, PostEdit, PublicationEdit, Sort, SortField
from app.posts.views import CountedPage, PostStatus
from app.users.commands import UserDraft, UserEdit
from tests.versions.views import CREATED, POST, UPDATED, USER, StoredPost
from versions.v1 import errors, routing
from versions.v1.auth import mapping as auth
from versions.v1.auth import schemas as auth_schemas
from versions.v1.posts import mapping as posts
from versions.v1.posts import schemas as post_schemas
from versions.v1.users import mapping as users
from versions.v1.users import schemas as user_schemas


def test_a_post() -> None:
    assert posts.post(POST).model_dump() == {
        "id": 1,
        "title": "A title",
        "content": "The content",
        "published": True,
        "author_id": 2,
        "view_count": 3,
        "created_at": CREATED,
        "updated_at": UPDATED,
    }
    shown = {status: posts.post(replace(POST, status=status)).published for status in PostStatus}
    assert shown == {PostStatus.PUBLISHED: True, PostStatus.DRAFT: False, PostStatus.ARCHIVED: False}


@pytest.mark.parametrize(("total", "size", "pages"), [(0, 20, 0), (1, 20, 1), (20, 20, 1), (21, 20, 2), (5, 2, 3)])
def test_a_page_counts_the_started_ones(total: int, size: int, pages: int) -> None:
    rows: Any = [StoredPost(POST)]
    found = vars(posts.page(CountedPage(rows, total), 7, size))
    assert [item["id"] for item in found.pop("items")] == [1]
    assert found == {"total": total, "page": 7, "page_size": size, "total_pages": pages}


def test_the_order_of_a_list() -> None:
    assert posts.sort(SortField.TITLE, "desc") == Sort(SortField.TITLE, descending=True)
    assert posts.sort(SortField.TITLE, "asc") == Sort(SortField.TITLE, descending=False)
    assert Sort(SortField.CREATED_AT, descending=True) == posts.NEWEST


def test_a_new_post_is_a_draft_unless_published() -> None:
    for body, status in (({}, PostStatus.DRAFT), ({"published": True}, PostStatus.PUBLISHED)):
        given = post_schemas.PostCreate.model_validate({"title": "t", "content": "c", **body})
        assert posts.draft(given) == PostDraft(title="t", content="c", status=status)


@pytest.mark.parametrize(
    ("body", "edit"),
    [
        ({}, PostEdit()),
        ({"title": "t"}, PostEdit(title="t")),
        ({"content": ""}, PostEdit(content="")),
        ({"published": True}, PostEdit(publication=PublicationEdit.PUBLISH)),
        ({"published": False}, PostEdit(publication=PublicationEdit.WITHDRAW)),
    ],
)
def test_an_edit_has_the_given_fields(body: dict[str, Any], edit: PostEdit) -> None:
    assert posts.edit(post_schemas.PostUpdate.model_validate(body)) == edit
    assert edit.status is UNSET, "v1 has no statuses"


def test_a_user() -> None:
    assert users.user(USER).model_dump() == {
        "id": 5,
        "email": "ada@example.com",
        "full_name": "Ada",
        "is_active": True,
        "created_at": CREATED,
        "updated_at": UPDATED,
    }
    assert users.user(replace(USER, is_active=False)).is_active is False
    assert auth.me(USER).model_dump() == {"id": 5, "email": "ada@example.com", "name": "Ada", "is_verified": False}
    assert auth.me(replace(USER, is_verified=True, is_active=False)).is_verified is True


def test_a_user_to_create() -> None:
    body = user_schemas.UserCreate.model_validate(
        {"email": "ada@example.com", "password": "password 1", "full_name": "Ada"}
    )
    assert users.draft(body) == UserDraft("ada@example.com", "password 1", "Ada")


@pytest.mark.parametrize(
    ("body", "edit"),
    [
        ({}, UserEdit()),
        ({"full_name": "Eve"}, UserEdit(display_name="Eve")),
        ({"email": "eve@example.com"}, UserEdit(email="eve@example.com")),
        ({"is_active": False}, UserEdit(is_active=False)),
        ({"password": "password 2"}, UserEdit(password="password 2")),
        ({"current_password": "password 1"}, UserEdit(current_password="password 1")),
    ],
)
def test_an_edit_of_a_user_has_the_given_fields(body: dict[str, Any], edit: UserEdit) -> None:
    assert users.edit(user_schemas.UserUpdate.model_validate(body)) == edit


def test_registration_and_sign_in() -> None:
    body = auth_schemas.RegisterRequest.model_validate(
        {"email": "ada@example.com", "password": "password 1", "name": "Ada"}
    )
    registration = auth.registration(body, "192.0.2.0/24")
    assert registration == Registration("ada@example.com", "password 1", "Ada", "192.0.2.0/24")
    assert auth.registered(registration).model_dump() == {
        "message": "Please check your email to verify your account",
        "email": "ada@example.com",
    }
    texts = {first_time: auth.verified(first_time).message for first_time in (True, False)}
    assert texts == {True: "Email verified successfully", False: "Email already verified"}
    form = auth_schemas.LoginForm.model_construct(username="ada@example.com", password="password 1")
    assert auth.credentials(form, "192.0.2.7", "curl") == PasswordSignIn(
        "ada@example.com", "password 1", "192.0.2.7", "curl"
    )
    assert auth.tokens(TokenPair("access", "refresh", 900, "scope")).model_dump() == {
        "access_token": "access",
        "refresh_token": "refresh",
        "token_type": "bearer",
    }


def test_an_id_of_a_path_is_a_number() -> None:
    assert routing.number(7) == 7
    with pytest.raises(TypeError):
        routing.number("7")
    assert routing.MAX_SKIP == 2**53 - 1


def test_statuses_and_texts_that_v1_keeps() -> None:
    """Clients of v1 compare these; the core has other ones."""
    assert errors._OWN_STATUS == {"email_taken": 400, "file_type_not_allowed": 400}
    assert errors._OWN_DETAIL == {
        "email_taken": "Email already registered",
        "not_your_account": "Not authorized to update this user",
        "unauthenticated": "Not authenticated",
        "invalid_refresh_token": "Could not validate credentials",
        "not_the_author": "Not authorized to modify this post",
        "user_not_found": "User not found",
        "too_many_attempts": "Too many login attempts. Please try again later.",
    }
