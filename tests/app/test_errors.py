"""Every error of the product has the status that clients of all versions rely on."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import chain

import app
import versions
from app.auth.errors import RefreshTokenReused
from app.errors import PROBLEM_TYPES, DomainError
from app.http.errors.status import STATUS
from app.identities.errors import IdentityConfirmationRequired, InvalidSignInCode

STATUSES = {
    400: {
        "cursor_mismatch",
        "idempotency_key_required",
        "invalid_cursor",
        "invalid_confirmation_token",
        "invalid_idempotency_key",
        "invalid_provider_response",
        "invalid_reset_token",
        "invalid_sign_in_flow",
        "invalid_verification_token",
        "malformed_form",
        "malformed_request",
        "provider_error",
        "repeated_header",
        "repeated_parameter",
        "trailer_not_supported",
        "unknown_parameter",
        "unsupported_grant_type",
    },
    401: {
        "invalid_credentials",
        "invalid_refresh_token",
        "invalid_sign_in_code",
        "invalid_token",
        "unauthenticated",
        "wrong_token_type",
    },
    403: {
        "not_the_owner",
        "account_deactivated",
        "email_not_verified",
        "forbidden",
        "identity_confirmation_required",
        "insufficient_permissions",
        "money_needs_live_key",
        "not_the_author",
        "not_the_payee",
        "not_your_account",
        "provider_address_not_verified",
        "reauthentication_required",
        "recipient_not_allowed",
        "wrong_identity",
        "wrong_password",
    },
    404: {
        "account_not_found",
        "api_key_not_found",
        "brownout_not_found",
        "consent_not_found",
        "delivery_not_found",
        "event_not_delivered",
        "event_not_found",
        "events_deleted",
        "hold_not_found",
        "identity_not_found",
        "file_not_found",
        "job_not_found",
        "not_found",
        "notification_not_found",
        "payee_account_not_found",
        "payer_account_not_found",
        "plan_not_found",
        "post_not_found",
        "provider_not_found",
        "session_not_found",
        "transfer_not_found",
        "user_not_found",
        "webhook_endpoint_not_found",
    },
    408: {"body_timeout", "head_timeout"},
    406: {"content_coding_not_acceptable", "not_acceptable"},
    409: {
        "storage_limit_reached",
        "content_not_uploaded",
        "completion_in_progress",
        "too_many_pending_uploads",
        "storage_not_configured",
        "upload_unfinished",
        "account_busy",
        "account_closed",
        "account_holds_money",
        "already_exists",
        "already_reversed",
        "api_key_already_rotated",
        "api_key_expired",
        "balance_too_large",
        "conflict",
        "email_taken",
        "event_deleted",
        "hold_resolved",
        "identity_taken",
        "insufficient_funds",
        "job_finished",
        "job_not_retryable",
        "last_admin",
        "last_sign_in_method",
        "not_reversible",
        "plan_is_required",
        "plan_is_retired",
        "plan_of_other_keys",
        "request_in_flight",
        "stale_reference",
        "too_many_accounts",
        "too_many_api_keys",
        "too_many_jobs",
        "too_many_webhook_endpoints",
        "unreadable_response",
        "version_still_needed",
        "webhook_endpoint_disabled",
    },
    410: {"key_browned_out", "version_browned_out", "version_retired"},
    412: {"precondition_failed"},
    413: {"body_too_large", "file_too_large"},
    415: {"content_mismatch", "file_type_not_allowed", "unsupported_content_coding", "unsupported_media_type"},
    416: {"range_not_satisfiable"},
    422: {
        "invalid_contract",
        "invalid_evidence_period",
        "unknown_contract_version",
        "invalid_file_name",
        "unsafe_content",
        "unknown_file",
        "amount_above_hold",
        "amount_not_positive",
        "amount_too_large",
        "amount_too_precise",
        "brownout_refused",
        "currency_mismatch",
        "error",
        "expiry_in_the_past",
        "invalid_period",
        "idempotency_key_reused",
        "incomplete_redirect",
        "invalid",
        "invalid_plan",
        "same_account",
        "scope_not_granted",
        "too_long_brownout",
        "unknown_currency",
        "unknown_event_type",
        "unknown_front_end",
        "unknown_scope",
        "unstorable_value",
        "validation_failed",
        "webhook_url_refused",
    },
    429: {
        "rate_limited",
        "too_many_attempts",
        "too_many_connections",
        "too_many_exports",
    },
    431: {"headers_too_large"},
    501: {"presigned_unavailable"},
    503: {
        "connections_exhausted",
        "exports_busy",
        "overloaded",
        "provider_unavailable",
        "unavailable",
    },
    504: {"timeout"},
}
"""The codes of errors by status. One that is not here is new: add it."""
OF_A_VERSION = re.compile(r"versions\.(v\d+)\.")
"""The module of an error that one version declares."""
NOT_RAISED = {"internal_error", "method_not_allowed"}
"""Codes of responses that no error class of the product stands for."""


def errors() -> Iterator[type[DomainError]]:
    packages = ((app.__path__, "app."), (versions.__path__, "versions."))
    for module in chain.from_iterable(pkgutil.walk_packages(*package) for package in packages):
        if not module.name.startswith("app.migrations.") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [DomainError]
    while waiting:
        kind = waiting.pop()
        # Tests of a new feature define errors of their own.
        if kind.__module__.startswith(("app.", "versions.")) and ".toy" not in kind.__module__:
            yield kind
        waiting += kind.__subclasses__()


def test_every_error_has_its_status() -> None:
    found: dict[int, set[str]] = {}
    for kind in errors():
        if not OF_A_VERSION.match(kind.__module__):
            found.setdefault(STATUS[kind.kind], set()).add(kind.code)
    assert found == STATUSES


def test_every_error_of_a_version_has_the_status_of_its_truth_table() -> None:
    for kind in errors():
        if found := OF_A_VERSION.match(kind.__module__):
            wire = importlib.import_module(f"tests.truth.{found[1]}.wire")
            assert wire.reason(kind.code)[0] == STATUS[kind.kind], kind


def test_every_code_is_explained() -> None:
    of_versions = {kind.code for kind in errors() if OF_A_VERSION.match(kind.__module__)}
    codes = set().union(*STATUSES.values()) | NOT_RAISED | of_versions
    assert {code for code in PROBLEM_TYPES if not code.startswith("toy")} == codes
    assert all(PROBLEM_TYPES[code] for code in codes)
    assert all(kind().message for kind in errors() if kind.__init__ is DomainError.__init__)


def test_few_errors_are_committed_with_their_changes() -> None:
    """A detected theft, the mail that asks for a confirmation, and the use of a code."""
    kept = {RefreshTokenReused, IdentityConfirmationRequired, InvalidSignInCode}
    assert {kind for kind in errors() if kind.keeps_changes} == kept
