"""The failures that no truth table needs: codes that depend on load or time, or that no operation returns."""

from collections.abc import Mapping
from typing import Final

ANYWHERE: Final[Mapping[str, str]] = {
    "too_many_attempts": "tests/versions/test_rate_limits.py::test_sign_in_is_limited_by_user_and_network",
    "rate_limited": "tests/versions/test_rate_limits.py::test_an_anonymous_caller_is_stopped",
    "amount_too_large": "tests/app/ledger/test_amounts.py::test_an_amount_has_a_limit",
    "balance_too_large": "tests/app/ledger/test_functions.py::test_a_balance_has_a_limit",
    "too_many_jobs": "tests/app/jobs/test_open_jobs.py::test_the_plan_limits_jobs_that_have_not_ended",
    "too_many_webhook_endpoints": "tests/app/webhooks/test_endpoints.py::test_the_plan_limits_endpoints",
    "account_closed": "tests/app/ledger/test_closing.py::test_a_closed_account_receives_no_money",
    "too_many_accounts": "tests/app/ledger/test_accounts.py::test_a_user_has_at_most_100_accounts",
    "overloaded": "tests/versions/test_overload.py::test_one_too_many_is_sent_away_at_once_with_a_time_to_return",
    "invalid_contract": (
        "tests/versions/v2/test_impact.py::test_a_document_that_is_not_comparable_gets_the_error_of_the_gate"
    ),
    "unknown_contract_version": (
        "tests/versions/v2/test_impact.py::test_the_document_or_a_parameter_states_the_version"
    ),
    "invalid_evidence_period": (
        "tests/versions/v2/test_impact.py::test_the_document_or_a_parameter_states_the_version"
    ),
    "exports_busy": "tests/versions/v2/test_export_responses.py::test_an_error_before_the_first_row_is_a_response",
    "not_acceptable": "tests/versions/v2/test_export_responses.py::test_what_cannot_be_served_is_a_problem",
    "content_coding_not_acceptable": (
        "tests/versions/v2/test_export_responses.py::test_what_cannot_be_served_is_a_problem"
    ),
    "trailer_not_supported": "tests/versions/v2/test_export_responses.py::test_what_cannot_be_served_is_a_problem",
    "connections_exhausted": "tests/app/http/live/test_connections.py::test_a_process_has_a_limit",
    "too_many_connections": "tests/app/http/live/test_connections.py::test_a_caller_has_a_limit_of_its_own",
    "too_many_exports": "tests/versions/v2/test_export_responses.py::test_the_plan_limits_exports",
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
    "file_too_large": "tests/versions/test_hostile_uploads.py::test_a_file_has_a_largest_size",
    "storage_limit_reached": "tests/app/files/test_uploads.py::test_the_plan_limits_the_bytes_of_a_user",
    "presigned_unavailable": "tests/versions/v2/test_presigned_downloads.py::test_a_folder_has_no_urls",
    "too_many_pending_uploads": (
        "tests/versions/v2/test_presigned_uploads.py::"
        "test_completed_files_count_and_a_user_has_a_number_of_pending_uploads"
    ),
    "completion_in_progress": "tests/versions/v2/test_completions.py::test_one_of_two_requests_completes_an_upload",
    "invalid_file_name": "tests/versions/test_hostile_uploads.py::test_a_name_that_cannot_be_kept_is_rejected",
    "unsafe_content": "tests/versions/test_hostile_uploads.py::test_a_dangerous_archive_is_rejected",
    "upload_unfinished": "tests/app/files/test_uploads.py::test_a_key_in_use_is_in_flight",
    "malformed_form": "tests/versions/test_forms.py::test_a_malformed_form_is_a_400",
    "headers_too_large": "tests/versions/test_connection_limits.py::test_an_incomplete_head_has_a_limit",
    "provider_error": "tests/app/identities/test_lies.py::test_a_lie_is_rejected_and_changes_nothing",
    "invalid_provider_response": "tests/app/identities/test_lies.py::test_a_lie_is_rejected_and_changes_nothing",
    "provider_unavailable": "tests/app/identities/test_lies.py::test_a_slow_provider_is_given_up",
    "provider_address_not_verified": "tests/app/identities/test_lies.py::test_a_lie_is_rejected_and_changes_nothing",
    "identity_confirmation_required": (
        "tests/app/identities/test_rules.py::test_a_verified_address_of_a_user_links_nothing_silently"
    ),
    "wrong_identity": "tests/app/identities/test_visits.py::test_another_identity_proves_nothing",
    "unknown_front_end": "tests/app/identities/test_front_ends.py::test_an_unknown_page_receives_nothing",
    "incomplete_redirect": "tests/app/identities/test_front_ends.py::test_a_page_and_a_challenge_belong_together",
}
"""Codes that depend on load, time or data, and the test that asserts the code or the class that declares it."""

ROOTS: Final = frozenset({"error", "invalid", "malformed_request", "forbidden", "conflict"})
"""Codes of base classes. ``invalid`` is also the code for a body that is not a form."""

OF_ONE_VERSION: Final[Mapping[str, str]] = {
    "storage_not_configured": "uploads that choose a store; the code stays in the core when their version is removed",
}
"""Codes that the table of a version contains while the version is served."""
NO_OPERATION: Final[Mapping[str, str]] = {
    "job_not_retryable": "command line only",
    "unknown_scope": "command line only; the schemas of versions list the scopes",
    "plan_not_found": "command line only",
    "plan_is_retired": "command line only",
    "plan_is_required": "command line only",
    "plan_of_other_keys": "command line only",
    "invalid_plan": "command line only",
    "brownout_refused": "command line only",
    "brownout_not_found": "command line only",
    "consent_not_found": "command line only",
    "version_still_needed": "command line only",
}
"""Codes that no operation of a version returns, with the reason."""
