"""The failures of v2 with their counterparts in v1. Laws look up every failure of both versions here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

LIST: Final = "a list of rejected values"


@dataclass(frozen=True)
class Failure:
    """The statuses of both versions, and v1's detail."""

    new_status: int
    old_status: int
    old_detail: str


def _both(status: int, detail: str) -> Failure:
    return Failure(status, status, detail)


FAILURES: Final[Mapping[str, Failure]] = {
    "unauthenticated": _both(401, "Not authenticated"),
    "invalid_token": _both(401, "Could not validate credentials"),
    "invalid_credentials": _both(401, "Incorrect email or password"),
    "invalid_refresh_token": _both(401, "Could not validate credentials"),
    "wrong_token_type": _both(401, "Invalid token type"),
    "email_not_verified": _both(403, "Please verify your email before logging in"),
    "account_deactivated": _both(403, "This account is deactivated."),
    "reauthentication_required": _both(403, "Please sign in again"),
    "wrong_password": _both(403, "The current password is wrong."),
    "insufficient_permissions": _both(403, "Insufficient permissions"),
    "not_the_author": _both(403, "Not authorized to modify this post"),
    "not_your_account": _both(403, "Not authorized to update this user"),
    "post_not_found": _both(404, "Post not found"),
    "user_not_found": _both(404, "User not found"),
    "not_found": _both(404, "Not Found"),
    "method_not_allowed": _both(405, "Method Not Allowed"),
    # The contract of v1 has 400 for a taken address.
    "email_taken": Failure(409, 400, "Email already registered"),
    "last_admin": _both(409, "This is the last active admin: make another one first."),
    "invalid_verification_token": _both(400, "Invalid verification token"),
    "unsupported_media_type": _both(415, "Send the body as application/json."),
    "validation_failed": _both(422, LIST),
}

ONE_SIDED: Final[Mapping[str, str]] = {
    "limit_too_high": "v1 responds with 400 to a limit above 1000; v2 validates limits like every other value",
    "cursor_mismatch": "v1 has no cursors",
    "invalid_cursor": "v1 has no cursors",
    "invalid_sort": "v1 sorts by one field, which is validated like every other value",
    "invalid_choice": "v1 has neither fields nor include",
    "repeated_parameter": "v1 takes the last value, as its clients know it",
    "unknown_parameter": "v1 ignores unknown parameters",
    "idempotency_key_reused": "v1 has no idempotency keys",
    "invalid_idempotency_key": "v1 has no idempotency keys",
    "request_in_flight": "v1 has no idempotency keys",
    "precondition_failed": "v1 has no conditional requests",
    "invalid_reset_token": "v1 has no password resets",
    "session_not_found": "v1 shows no sessions",
    "provider_not_found": "no operation returns it yet",
    "api_key_not_found": "command line only; no version manages keys yet",
    "unknown_scope": "command line only; no version manages keys yet",
    "unsupported_grant_type": "v1 has an operation for each grant",
    "brownout_refused": "command line only",
    "brownout_not_found": "command line only",
    "consent_not_found": "command line only",
    "version_still_needed": "command line only",
}
"""Codes of one version or interface only, with the reason."""

ANYWHERE: Final[Mapping[str, str]] = {
    "too_many_attempts": "tests/versions/test_rate_limits.py::test_sign_in_is_limited_by_user_and_network",
    "rate_limited": "tests/versions/test_rate_limits.py::test_an_anonymous_caller_is_stopped",
    "overloaded": "tests/versions/test_overload.py::test_one_too_many_is_sent_away_at_once_with_a_time_to_return",
    "version_retired": "tests/versions/test_lifecycle.py::test_a_retired_version_says_where_to_go",
    "version_browned_out": "tests/versions/test_lifecycle.py::test_a_declared_brownout_says_until_when",
    "key_browned_out": "tests/versions/test_lifecycle.py::test_a_key_is_browned_out_early",
    "unavailable": "tests/versions/test_concurrency.py::test_a_lost_race_asks_to_try_again",
    "timeout": "tests/versions/test_faults.py::test_a_transaction_that_fails_again_is_reported_and_changes_nothing",
    "already_exists": "tests/app/kit/db/test_errors.py::test_the_longest_known_prefix_of_a_code_decides",
    "stale_reference": "tests/app/kit/db/test_errors.py::test_the_longest_known_prefix_of_a_code_decides",
    "unstorable_value": "tests/app/kit/db/test_errors.py::test_the_longest_known_prefix_of_a_code_decides",
    "head_timeout": (
        "tests/versions/test_connection_limits.py::test_incomplete_heads_and_silent_connections_end_in_time"
    ),
    "body_timeout": "tests/app/http/test_heads_and_slow_bodies.py::test_a_body_must_arrive_at_a_lowest_rate",
    "body_too_large": "tests/versions/test_bad_input.py::test_wrong_media_types_and_sizes",
    "repeated_header": "tests/app/http/test_correctness.py::test_a_repeated_single_valued_field_is_rejected",
    "unsupported_content_coding": (
        "tests/app/http/test_correctness.py::test_an_encoded_body_is_rejected_with_the_accepted_coding"
    ),
    "malformed_form": "tests/versions/test_forms.py::test_a_malformed_form_is_a_400",
    "headers_too_large": "tests/versions/test_connection_limits.py::test_an_incomplete_head_has_a_limit",
}
"""Codes that depend on load, time or data, and the test that asserts the code or the class that declares it."""

ROOTS: Final = frozenset({"error", "invalid", "malformed_request", "forbidden", "conflict"})
"""Codes of base classes. ``invalid`` is also the code for a body that is not a form."""


def ensure_same_failure(old: httpx2.Response, new: httpx2.Response, names: Mapping[str, str]) -> None:
    """Both responses are the same failure; ``names`` maps names of v1 to those of v2."""
    problem = new.json()
    declared = FAILURES[problem["code"]]
    observed = (new.status_code, old.status_code, detail_of(old))
    assert observed == (declared.new_status, declared.old_status, declared.old_detail), (old.text, problem)
    assert old.headers.get("WWW-Authenticate") == new.headers.get("WWW-Authenticate")
    if declared.old_detail == LIST:
        rejected = sorted((error["pointer"], error["code"], error["detail"]) for error in problem["errors"])
        assert sorted(_rejected_by_v1(old.json()["detail"], names)) == rejected


def detail_of(old: httpx2.Response) -> str:
    """v1's detail, or ``LIST`` for rejected values."""
    detail: Any = old.json()["detail"]
    return detail if isinstance(detail, str) else LIST


def _rejected_by_v1(issues: list[dict[str, Any]], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """v1's rejected values in the form of v2: JSON pointer, code, detail."""
    found = []
    for issue in issues:
        where, *path = issue["loc"]
        steps = [] if issue["type"] == "json_invalid" else [names.get(step, step) for step in path]
        place = steps if where == "body" else [where, *steps]
        found.append(("#" + "".join(f"/{step}" for step in place), issue["type"], issue["msg"]))
    return found
