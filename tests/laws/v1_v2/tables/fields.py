"""The fields of v1 with their counterparts in v2, and the fields that only one version has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tests.laws.v1_v2.harness import VersionsHarness
from versions.kit.typeid import decode

Read = Callable[[VersionsHarness, Any], Any]
Shared = dict[str, Any]


def _same(_: VersionsHarness, value: Any) -> Any:
    return value


def _moment(_: VersionsHarness, value: str) -> datetime:
    return datetime.fromisoformat(value)


def _author(harness: VersionsHarness, value: str) -> int | None:
    return harness.number_of("user", value)


def _amount(_: VersionsHarness, value: object) -> Decimal:
    return Decimal(str(value))


def _published(_: VersionsHarness, value: str) -> bool:
    return value == "published"


def _task_id(_: VersionsHarness, value: str) -> str:
    return str(decode("job", value))


_STATES: Final = {
    "PENDING": "queued",
    "STARTED": "running",
    "PROGRESS": "running",
    "SUCCESS": "succeeded",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}


def _state_of_v1(_: VersionsHarness, value: str) -> str:
    return _STATES[value]


def _file(harness: VersionsHarness, value: str) -> int | None:
    return harness.number_of("file", value)


def _active(_: VersionsHarness, value: str) -> bool:
    return value == "active"


def _result_of_v1(_: VersionsHarness, value: Any) -> Any:
    """While the state is PROGRESS, v1 has the progress here, which is no result in v2."""
    return None if value is not None and set(value) == {"current", "total"} else value


@dataclass(frozen=True)
class Field:
    """``old`` of v1 corresponds to ``new`` of v2. ``read_old`` and ``read_new`` convert both to the shared value."""

    old: str
    new: str
    read_old: Read = _same
    read_new: Read = _same


@dataclass(frozen=True)
class Shape:
    """The schemas of one resource. ``only_old`` and ``only_new``: fields of one version, and the reason."""

    old: str
    new: str
    fields: tuple[Field, ...]
    only_old: Mapping[str, str] = field(default_factory=dict)
    only_new: Mapping[str, str] = field(default_factory=dict)

    def from_v1(self, harness: VersionsHarness, body: Mapping[str, Any]) -> Shared:
        """The shared values, from a body of v1."""
        return {each.old: each.read_old(harness, body[each.old]) for each in self.fields}

    def from_v2(self, harness: VersionsHarness, body: Mapping[str, Any]) -> Shared:
        """The shared values, from a body of v2."""
        return {each.old: each.read_new(harness, body[each.new]) for each in self.fields}


_TIMES: Final = (
    Field("created_at", "created_at", _moment, _moment),
    Field("updated_at", "updated_at", _moment, _moment),
)
NEW_ID: Final = "identifier of v2; both versions have v1_id"

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
    only_new={
        "id": NEW_ID,
        "published_at": "v1 has no publication time; the core stores the first one (ADR 2)",
        "attachments": "v1 shows no attachments, and its edits keep them",
    },
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
        "id": NEW_ID,
        "roles": "v1 shows no roles but applies them",
        "is_verified": "v1 returns it only for the current user, at /auth/me",
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
        "id": NEW_ID,
        "roles": "v1 shows no roles but applies them",
        "is_active": "a signed-in user is active",
        "created_at": "v1 returns it at /users/me",
        "updated_at": "v1 returns it at /users/me",
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
        "expires_in": "clients of v1 read the expiry from the token",
        "scope": "v1 does not show permissions",
    },
)
ACCOUNT: Final = Shape(
    "AccountResponse",
    "Account",
    (
        Field("id", "v1_id"),
        Field("currency", "currency"),
        Field("balance", "balance", _amount, _amount),
        Field("available", "available", _amount, _amount),
        _TIMES[0],
    ),
    only_new={
        "id": NEW_ID,
        "user_id": "v1 lists the accounts of the caller only",
        "held": "the difference of balance and available",
    },
)
NEW_ACCOUNT: Final = Shape("AccountCreate", "AccountCreate", (Field("currency", "currency"),))
NEW_TRANSFER: Final = Shape(
    "TransferCreate",
    "TransferCreate",
    (
        Field("from_id", "from_account_id"),
        Field("to_id", "to_account_id"),
        Field("amount", "amount", _amount, _amount),
    ),
    only_new={"currency": "in v1 it is that of the accounts"},
)
_WRITTEN: Final = (Field("title", "title"), Field("content", "content"), Field("published", "status"))
_ATTACHED: Final = {"attachments": "v1 attaches no files"}
NEW_POST: Final = Shape("PostCreate", "PostCreate", _WRITTEN, only_new=_ATTACHED)
POST_EDIT: Final = Shape("PostUpdate", "PostPatch", _WRITTEN, only_new=_ATTACHED)
USER_EDIT: Final = Shape(
    "UserUpdate",
    "UserPatch",
    (Field("email", "email"), Field("full_name", "display_name"), Field("is_active", "is_active")),
    only_old={
        "password": "PUT /me/password in v2; one law follows a password from v1 to v2",
        "current_password": "part of PUT /me/password in v2",
    },
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
    only_old={"email": "the token of v2 identifies the user"},
)
PAGE: Final = Shape(
    "PostPage",
    "Page_Union_PostWithAuthor__Post__PartialPost__",
    (Field("items", "data"),),
    only_old={
        "total": "not in v2: counting costs as much as reading all rows",
        "page": "v2 has cursors instead of page numbers",
        "page_size": "in v2 the client sends it as limit",
        "total_pages": "see total",
    },
    only_new={"next_cursor": "v1 has page numbers instead", "has_more": "v1 compares page with total_pages"},
)
TASK: Final = Shape(
    "TaskInfo",
    "Job",
    (
        Field("task_id", "id", read_new=_task_id),
        # v1 shows the progress as the state and the result, v2 as a field.
        Field("status", "status", _state_of_v1),
        Field("result", "result", _result_of_v1),
    ),
    only_old={"error": "v2 has code and detail in problem"},
    only_new={
        "type": "the operation of v1 says it",
        "attempt": "v1 shows no attempts",
        "progress": "v1 shows it as the result while the state is PROGRESS",
        "message": "v1 shows none",
        "problem": "v1 shows its detail in error, once the task has failed",
        "created_at": "v1 shows no times",
        "started_at": "v1 shows no times",
        "finished_at": "v1 shows no times",
        "cancel_requested_at": "v1 shows no times",
    },
)
NEW_MAIL: Final = Shape(
    "EmailTask", "EmailParams", (Field("to", "to"), Field("subject", "subject"), Field("body", "text"))
)
NEW_IMPORT: Final = Shape("CsvTask", "CsvImportParams", (Field("file_id", "file_id", read_new=_file),))

WEBHOOK: Final = Shape(
    "WebhookResponse",
    "WebhookEndpoint",
    (
        Field("id", "v1_id"),
        Field("url", "url"),
        Field("events", "events"),
        Field("is_active", "state", read_new=_active),
        Field("created_at", "created_at", _moment, _moment),
    ),
    only_new={
        "id": NEW_ID,
        "description": "v1 has none",
        "api_version": "an endpoint of v1 receives events of v1",
        "disabled_reason": "v1 shows no reason",
        "disabled_at": "v1 shows no time",
    },
)
NEW_WEBHOOK: Final = Shape(
    "WebhookCreate",
    "WebhookEndpointCreate",
    (Field("url", "url"), Field("events", "events")),
    only_new={"description": "v1 has none"},
)
