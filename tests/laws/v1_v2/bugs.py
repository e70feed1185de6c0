"""Realistic bugs in a mapping, and the law that must catch each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

import versions.v1.auth.mapping as old_auth
import versions.v1.errors as old_errors
import versions.v1.posts.mapping as old_posts
import versions.v1.posts.routes as old_routes
import versions.v1.users.mapping as old_users
import versions.v2.auth.mapping as new_auth
import versions.v2.paging as new_paging
import versions.v2.posts.mapping as new_posts
import versions.v2.users.mapping as new_users
from app.kit.unset import UNSET
from app.posts.commands import OffsetPage, PublicationEdit
from app.posts.reader import PostReader
from app.posts.views import PostStatus
from app.users.reader import UserReader

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Bug:
    """A bug, which ``plant`` patches into the running application, and the name of the law that must catch it."""

    name: str
    law: str
    plant: Callable[[Patch], None]


def _wrap(module: Any, name: str, around: Callable[[Any], Any]) -> Callable[[Patch], None]:
    """Change the result of a mapping."""
    real = getattr(module, name)
    return lambda patch: patch.setattr(module, name, lambda *given, **named: around(real(*given, **named)))


def _archived_is_published(patch: Patch) -> None:
    real = old_posts.post

    def post(view: Any) -> Any:
        return real(view).model_copy(update={"published": view.status != PostStatus.DRAFT})

    patch.setattr(old_posts, "post", post)


def _withdrawal_creates_drafts(patch: Patch) -> None:
    real = old_posts.edit

    def edit(body: Any) -> Any:
        edited = real(body)
        if edited.publication is not PublicationEdit.WITHDRAW:
            return edited
        return replace(edited, publication=UNSET, status=PostStatus.DRAFT)

    patch.setattr(old_posts, "edit", edit)


def _one_too_far(sort: Any, offset: int, limit: int) -> OffsetPage:
    return OffsetPage(sort, offset + 1 if offset else 0, limit)


def _batch_sees_all(patch: Patch) -> None:
    async def get_many(self: PostReader, ids: list[int]) -> Any:
        return await self._reads.get_many(ids)

    patch.setattr(PostReader, "get_many", get_many)


def _skips_one_too_many(patch: Patch) -> None:
    real = UserReader.offset_page
    patch.setattr(UserReader, "offset_page", lambda self, skip, limit: real(self, skip + bool(skip), limit))


def _missing_is_null(patch: Patch) -> None:
    real = new_posts.edit
    patch.setattr(new_posts, "edit", lambda body: replace(real(body), content=body.content))


def _swapped_times(members: dict[str, Any]) -> dict[str, Any]:
    return {**members, "created_at": members["updated_at"], "updated_at": members["created_at"]}


BUGS: Final = (
    Bug("an archived post is published in v1", "posts.a_post_reads_alike", _archived_is_published),
    Bug("v1 writes an archived post back as a draft", "posts.writing_back_changes_nothing", _withdrawal_creates_drafts),
    Bug(
        "v1 shows the wrong author",
        "posts.a_post_reads_alike",
        _wrap(old_posts, "post", lambda post: post.model_copy(update={"author_id": post.id})),
    ),
    Bug("v2 swaps the times", "posts.the_same_edit_means_the_same", _wrap(new_posts, "_members", _swapped_times)),
    Bug("v2 deletes fields that a patch does not contain", "posts.the_same_edit_means_the_same", _missing_is_null),
    Bug(
        "v2 creates a published post as a draft",
        "posts.the_same_draft_means_the_same",
        _wrap(new_posts, "draft", lambda draft: replace(draft, status=PostStatus.DRAFT)),
    ),
    Bug(
        "v1's second page starts one item too late",
        "pages.lists_of_posts_agree",
        lambda patch: patch.setattr(old_routes, "OffsetPage", _one_too_far),
    ),
    Bug(
        "v1 counts one page too many",
        "pages.lists_of_posts_agree",
        _wrap(old_posts, "page", lambda page: page.model_copy(update={"total_pages": page.total_pages + 1})),
    ),
    Bug(
        "v2's next link has no cursor",
        "pages.lists_of_posts_agree",
        lambda patch: patch.setattr(new_paging, "urlencode", lambda _: "cursor="),
    ),
    Bug(
        "v1 skips one user too many",
        "pages.lists_of_users_agree",
        _skips_one_too_many,
    ),
    Bug(
        "v1 responds with 409 to a taken address",
        "users.a_user_created_by_an_admin_is_complete",
        lambda patch: patch.setattr(old_errors, "_OWN_STATUS", {}),
    ),
    Bug("v1's batch shows hidden posts", "posts.a_batch_read_equals_single_reads", _batch_sees_all),
    Bug(
        "v2 shows inactive users as active",
        "users.a_user_reads_alike",
        _wrap(new_users, "user", lambda user: user.model_copy(update={"is_active": True})),
    ),
    Bug(
        "v1 shows the address instead of the name",
        "users.a_user_reads_alike",
        _wrap(old_users, "user", lambda user: user.model_copy(update={"full_name": user.email})),
    ),
    Bug(
        "v1 registers without a name",
        "sessions.a_registration_creates_the_same_user",
        _wrap(old_auth, "registration", lambda registration: replace(registration, display_name="?")),
    ),
    Bug(
        "v2 returns the access token as the refresh token",
        "sessions.tokens_are_valid_in_both_versions",
        _wrap(new_auth, "tokens", lambda pair: pair.model_copy(update={"refresh_token": pair.access_token})),
    ),
)
