"""Which field of v1 is which field of v2, and what each can say that the other cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.laws.harness import VersionsHarness

Read = Callable[[VersionsHarness, Any], Any]
Shared = dict[str, Any]


def _same(_: VersionsHarness, value: Any) -> Any:
    return value


def _moment(_: VersionsHarness, value: str) -> datetime:
    return datetime.fromisoformat(value)


def _author(harness: VersionsHarness, value: str) -> int | None:
    return harness.number_of("user", value)


def _published(_: VersionsHarness, value: str) -> bool:
    return value == "published"


@dataclass(frozen=True)
class Field:
    """``old`` of v1 is ``new`` of v2. ``read_old`` and ``read_new`` bring both to the value that they share."""

    old: str
    new: str
    read_old: Read = _same
    read_new: Read = _same


@dataclass(frozen=True)
class Shape:
    """Two schemas of one thing. ``only_old`` and ``only_new`` say why the other version is silent."""

    old: str
    new: str
    fields: tuple[Field, ...]
    only_old: Mapping[str, str] = field(default_factory=dict)
    only_new: Mapping[str, str] = field(default_factory=dict)

    def from_v1(self, harness: VersionsHarness, body: Mapping[str, Any]) -> Shared:
        """What both versions can say of the thing, from a body of v1."""
        return {each.old: each.read_old(harness, body[each.old]) for each in self.fields}

    def from_v2(self, harness: VersionsHarness, body: Mapping[str, Any]) -> Shared:
        """The same from a body of v2."""
        return {each.old: each.read_new(harness, body[each.new]) for each in self.fields}


_TIMES: Final = (
    Field("created_at", "created_at", _moment, _moment),
    Field("updated_at", "updated_at", _moment, _moment),
)
_NEW_ID: Final = "v2's own identifier; v1_id is the one that both know"

POST: Final = Shape(
    "PostResponse",
    "Post",
    (
        Field("id", "v1_id"),
        Field("title", "title"),
        Field("content", "content"),
        Field("published", "status", read_new=_published),
        Field("author_id", "author_id", read_new=_author),
        Field("view_count", "view_count"),
        *_TIMES,
    ),
    only_new={"id": _NEW_ID, "published_at": "v1 never told when; the core keeps the first time (ADR 2)"},
)
USER: Final = Shape(
    "UserResponse",
    "User",
    (
        Field("id", "v1_id"),
        Field("email", "email"),
        Field("full_name", "display_name"),
        Field("is_active", "is_active"),
        *_TIMES,
    ),
    only_new={
        "id": _NEW_ID,
        "roles": "v1 knows no roles but obeys them",
        "is_verified": "v1 tells it of one's own account only, at /auth/me",
    },
)
ME: Final = Shape(
    "MeResponse",
    "User",
    (
        Field("id", "v1_id"),
        Field("email", "email"),
        Field("name", "display_name"),
        Field("is_verified", "is_verified"),
    ),
    only_new={
        "id": _NEW_ID,
        "roles": "v1 knows no roles but obeys them",
        "is_active": "the account of somebody who is signed in is active",
        "created_at": "v1 tells it at /users/me",
        "updated_at": "v1 tells it at /users/me",
    },
)
TOKENS: Final = Shape(
    "TokenResponse",
    "Tokens",
    (
        Field("access_token", "access_token"),
        Field("refresh_token", "refresh_token"),
        Field("token_type", "token_type", read_new=lambda _, value: value.lower()),
    ),
    only_new={
        "expires_in": "v1's clients read the token or try it",
        "scope": "v1 has no word for permissions",
    },
)
NEW_POST: Final = Shape(
    "PostCreate", "PostCreate", (Field("title", "title"), Field("content", "content"), Field("published", "status"))
)
POST_EDIT: Final = Shape(
    "PostUpdate", "PostPatch", (Field("title", "title"), Field("content", "content"), Field("published", "status"))
)
USER_EDIT: Final = Shape(
    "UserUpdate",
    "UserPatch",
    (Field("email", "email"), Field("full_name", "display_name"), Field("is_active", "is_active")),
    only_old={"password": "v2 resets passwords by mail; one law follows a password from v1 to v2"},
)
REGISTRATION: Final = Shape(
    "RegisterRequest",
    "Registration",
    (Field("email", "email"), Field("password", "password"), Field("name", "display_name")),
)
VERIFICATION: Final = Shape(
    "VerifyRequest",
    "Verification",
    (Field("token", "token"),),
    only_old={"email": "v2's token names the account by itself"},
)
PAGE: Final = Shape(
    "PostPage",
    "Page_Union_PostWithAuthor__Post__PartialPost__",
    (Field("items", "data"),),
    only_old={
        "total": "counting costs as much as reading everything; v2 leaves it out",
        "page": "v2 has no numbers of pages",
        "page_size": "v2's client knows what it asked for",
        "total_pages": "see total",
    },
    only_new={"next_cursor": "v1 counts pages instead", "has_more": "v1 compares page with total_pages"},
)

SHAPES: Final = (POST, USER, ME, TOKENS, NEW_POST, POST_EDIT, USER_EDIT, REGISTRATION, VERIFICATION, PAGE)
