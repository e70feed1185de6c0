"""The operations of v1 with their counterparts in v2. An operation in no table fails the suite."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pair:
    """Corresponding operations of both versions, and the laws that compare them."""

    old: str
    new: str
    laws: tuple[str, ...]


PAIRS: Final = (
    Pair("auth.register", "registrations.create", ("sessions.a_registration_creates_the_same_user",)),
    Pair("auth.verify", "verifications.create", ("sessions.a_registration_creates_the_same_user",)),
    Pair(
        "auth.login", "tokens.create", ("sessions.tokens_are_valid_in_both_versions", "sessions.failed_sign_ins_agree")
    ),
    Pair("auth.refresh", "tokens.create", ("sessions.tokens_are_valid_in_both_versions",)),
    Pair("auth.me", "me.get", ("users.a_user_reads_alike",)),
    Pair("users.me", "me.get", ("users.a_user_reads_alike",)),
    Pair("users.list", "users.list", ("pages.lists_of_users_agree",)),
    Pair("users.list_paginated", "users.list", ("pages.lists_of_users_agree",)),
    Pair("users.get", "users.get", ("users.a_user_reads_alike",)),
    Pair(
        "users.update",
        "users.update",
        ("users.the_same_edit_means_the_same", "users.writing_back_changes_nothing"),
    ),
    Pair("users.update", "me.update", ("users.the_same_edit_means_the_same",)),
    Pair("users.delete", "users.delete", ("users.removal_means_the_same",)),
    Pair("admin.delete_user", "users.delete", ("users.removal_means_the_same",)),
    Pair("users.list_posts", "posts.list", ("pages.lists_of_an_author_agree",)),
    Pair("posts.list", "posts.list", ("pages.lists_of_posts_agree", "permissions.lists")),
    Pair(
        "posts.create",
        "posts.create",
        ("posts.the_same_draft_means_the_same", "rejections.new_posts_are_rejected_alike"),
    ),
    Pair("posts.get", "posts.get", ("posts.a_post_reads_alike",)),
    Pair("posts.get", "posts.view", ("posts.a_read_of_v1_is_a_view_of_v2",)),
    Pair("posts.get_many", "posts.get", ("posts.a_batch_read_equals_single_reads",)),
    Pair(
        "posts.update",
        "posts.update",
        ("posts.the_same_edit_means_the_same", "posts.writing_back_changes_nothing"),
    ),
    Pair("posts.delete", "posts.delete", ("posts.removal_means_the_same",)),
    Pair("posts.create", "posts.batch", ("posts.a_batch_equals_its_operations",)),
    Pair("posts.update", "posts.batch", ("posts.a_batch_equals_its_operations",)),
    Pair("posts.delete", "posts.batch", ("posts.a_batch_equals_its_operations",)),
    Pair("accounts.create", "accounts.create", ("ledger.accounts_read_alike",)),
    Pair("accounts.list", "accounts.list", ("ledger.accounts_read_alike",)),
    Pair("accounts.list", "accounts.get", ("ledger.transfers_of_both_versions_act_on_one_ledger",)),
    Pair("accounts.list", "accounts.list_entries", ("ledger.transfers_of_both_versions_act_on_one_ledger",)),
    Pair(
        "transfers.create",
        "transfers.create",
        ("ledger.transfers_of_both_versions_act_on_one_ledger", "ledger.transfers_are_rejected_alike"),
    ),
    Pair("webhooks.list", "webhook_endpoints.list", ("webhooks.an_endpoint_reads_alike",)),
    Pair("webhooks.list", "webhook_endpoints.get", ("webhooks.an_endpoint_reads_alike",)),
    Pair(
        "webhooks.create",
        "webhook_endpoints.create",
        ("webhooks.an_endpoint_reads_alike", "webhooks.new_endpoints_are_rejected_alike"),
    ),
    Pair("webhooks.delete", "webhook_endpoints.delete", ("webhooks.a_removal_means_the_same",)),
    Pair("exports.posts", "exports.posts", ("exports.exports_of_posts_are_the_lists",)),
    Pair("exports.dataset", "exports.posts", ("exports.exports_of_posts_are_the_lists",)),
    Pair("exports.users", "exports.users", ("exports.exports_of_users_are_the_lists",)),
    Pair("notifications.create", "notifications.create", ("notifications.the_same_message_means_the_same",)),
    Pair("auth.provider", "providers.authorize", ("identities.sign_ins_of_both_versions_act_on_one_store",)),
    Pair(
        "auth.provider_callback",
        "providers.callback",
        (
            "identities.sign_ins_of_both_versions_act_on_one_store",
            "identities.an_identity_that_one_version_links_signs_in_through_the_other",
            "identities.callbacks_are_rejected_alike",
        ),
    ),
    Pair("files.upload", "files.create", ("files.a_file_reads_alike", "files.contents_are_rejected_alike")),
    Pair("files.upload_multiple", "files.create", ("files.several_files_equal_single_ones",)),
    Pair("files.get", "files.get_content", ("files.a_file_reads_alike",)),
    Pair("files.delete", "files.delete", ("files.a_removal_means_the_same",)),
    Pair("tasks.send_email", "jobs.create", ("jobs.a_job_reads_alike", "jobs.mails_are_rejected_alike")),
    Pair("tasks.process_csv", "jobs.create", ("jobs.imports_are_requested_alike",)),
    Pair("tasks.generate_report", "jobs.create", ("jobs.reports_are_requested_alike",)),
    Pair("tasks.status", "jobs.get", ("jobs.a_job_reads_alike", "jobs.a_report_names_the_same_file")),
    Pair("tasks.revoke", "jobs.cancel", ("jobs.a_cancellation_means_the_same",)),
    Pair("posts.search", "posts.search", ("pages.searches_agree",)),
)

ONLY_V1: Final[Mapping[str, str]] = {
    "webhooks.trigger": (
        "v2 tests one endpoint at once; webhooks.a_trigger_tests_what_receives_the_event tests endpoints of both"
    ),
    "streams.open": "tests/versions/v2/test_streams.py::test_both_versions_stream_the_same_events reads both streams",
    "users.create": "in v2 users register; users.a_user_created_by_an_admin_is_complete checks the result in v2",
}
ONLY_V2: Final[Mapping[str, str]] = {
    "streams.open": "tests/versions/v2/test_streams.py::test_both_versions_stream_the_same_events reads both streams",
    "stream_sessions.create": (
        "v1 has no cookies; "
        "tests/versions/v2/test_stream_sessions.py::test_a_stream_opens_with_the_cookie_and_renews_it"
    ),
    "notifications.list": "v1 has no list; notifications.the_same_message_means_the_same reads that of v2",
    "notifications.read": (
        "v1 shows no read marks; tests/app/notifications/test_service.py::test_a_second_mark_changes_nothing"
    ),
    "verifications.resend": "v1 has no second mail; sessions.a_first_verification_is_distinguished requests one",
    "password_resets.create": "not in v1; sessions.a_new_password_applies_to_both_versions signs in with the result",
    "password_resets.confirm": "not in v1; sessions.a_new_password_applies_to_both_versions signs in with the result",
    "tokens.revoke": "v1 has no sign-out; sessions.a_sign_out_applies_to_both_versions checks the effect in v1",
    "me.set_password": (
        "PUT /users/{id} in v1; "
        "tests/versions/v1/test_credentials.py::test_a_password_needs_a_young_session_or_the_current_one and "
        "tests/versions/test_credentials.py::test_v2_sets_a_password_with_the_present_one"
    ),
    "reauthentications.create": (
        "v1 takes current_password instead; "
        "tests/versions/test_credentials.py::test_a_reauthentication_makes_the_session_fresh_for_ten_minutes"
    ),
    "sessions.list": "v1 shows no sessions; sessions.tokens_are_valid_in_both_versions counts those of v1",
    "sessions.get": "v1 shows no sessions",
    "sessions.delete_others": (
        "v1 shows no sessions; tests/versions/v2/test_sessions.py::test_the_other_sessions_end_in_both_versions"
    ),
    "sessions.delete": "v1 shows no sessions; sessions.a_sign_out_applies_to_both_versions checks the effect in v1",
    "api_keys.list": "v1 does not manage API keys",
    "api_keys.create": (
        "v1 does not manage API keys; tests/versions/v2/test_api_keys.py::test_a_new_key_serves_both_versions"
    ),
    "api_keys.get": "v1 does not manage API keys",
    "api_keys.update": (
        "v1 does not manage API keys; "
        "tests/versions/v2/test_api_keys.py::test_a_browned_out_key_is_rejected_by_the_deprecated_version"
    ),
    "api_keys.delete": (
        "v1 does not manage API keys; "
        "tests/versions/v2/test_api_keys.py::test_a_revoked_key_is_rejected_by_both_versions"
    ),
    "api_keys.rotate": (
        "v1 does not manage API keys; "
        "tests/versions/v2/test_api_keys.py::test_both_keys_of_a_rotation_serve_during_the_overlap"
    ),
    "api_keys.list_all": "v1 does not manage API keys",
    "api_keys.delete_any": (
        "v1 does not manage API keys; "
        "tests/versions/v2/test_api_keys.py::test_a_revoked_key_is_rejected_by_both_versions"
    ),
    "events.list": "v1 has no log of events",
    "events.get": "v1 has no log of events",
    "webhook_endpoints.update": "v1 changes none; webhooks.an_endpoint_reads_alike disables one",
    "webhook_endpoints.rotate_secret": "v1 replaces no secrets",
    "webhook_endpoints.test": "v1 tests none at once",
    "webhook_endpoints.recover": (
        "v1 recovers nothing; "
        "tests/app/webhooks/test_redelivery.py::test_a_recovery_delivers_what_was_skipped_or_failed_once"
    ),
    "deliveries.list": "v1 lists none; tests/versions/v2/test_deliveries.py::test_deliveries_are_listed_as_events_are",
    "deliveries.get": "v1 shows none; tests/versions/v2/test_deliveries.py::test_a_delivery_shows_its_attempts",
    "deliveries.redeliver": (
        "v1 repeats none; tests/app/webhooks/test_redelivery.py::"
        "test_a_redelivery_has_the_id_of_its_event_and_the_version_of_its_endpoint"
    ),
    "transfers.get": "v1 shows none; ledger.transfers_of_both_versions_act_on_one_ledger reads those of v1",
    "transfers.reverse": "v1 has no reversals; ledger.reversals_and_holds_of_v2_show_in_v1 reads the balance in v1",
    "holds.create": "v1 has no holds; ledger.reversals_and_holds_of_v2_show_in_v1 reads what is available in v1",
    "holds.get": "v1 has no holds; ledger.reversals_and_holds_of_v2_show_in_v1 resolves them",
    "holds.capture": "v1 has no holds; ledger.reversals_and_holds_of_v2_show_in_v1 reads the balance in v1",
    "holds.release": "v1 has no holds; ledger.reversals_and_holds_of_v2_show_in_v1 reads what is available in v1",
    "files.get": "v1 shows what is known in the response to the upload; files.a_file_reads_alike reads it in v2",
    "files.list": "v1 lists none; files.several_files_equal_single_ones lists those of v1",
    "files.presign": (
        "v1 uploads through the API only; tests/versions/v2/test_presigned_uploads.py::"
        "test_bytes_that_went_to_the_bucket_become_a_file"
    ),
    "files.complete": (
        "v1 uploads through the API only; tests/versions/v2/test_presigned_uploads.py::"
        "test_bytes_that_went_to_the_bucket_become_a_file"
    ),
    "jobs.list": "v1 lists no tasks; tests/truth/jobs.py counts those of each caller",
    "jobs.stream": (
        "v1 has no stream of a task; tests/versions/v2/test_job_streams.py::test_a_stream_follows_a_job_to_its_end"
    ),
    "jobs.list_problems": "v1 counts the rows that were left out; tests/truth/jobs.py counts those that v2 lists",
    "providers.list": "v1 does not list providers",
    "providers.visit": "v1 links no identities",
    "identity_confirmations.create": (
        "v1 confirms no identities; "
        "tests/app/identities/test_rules.py::test_a_verified_address_of_a_user_links_nothing_silently"
    ),
    "identities.list": "v1 shows none; identities.sign_ins_of_both_versions_act_on_one_store lists those of v1",
    "identities.get": "v1 shows no identities; identities.sign_ins_of_both_versions_act_on_one_store reads one of v1",
    "identities.delete": (
        "v1 unlinks no identities; identities.sign_ins_of_both_versions_act_on_one_store checks the effect in v1"
    ),
    "me.permissions": "v1 does not show permissions; tests/truth/users.py counts those of every caller",
    "users.set_roles": "v1 does not show roles; permissions.roles_set_in_v2_apply_to_v1",
    "audit_events.list": (
        "v1 does not show the audit trail; "
        "tests/versions/v2/test_audit_events.py::test_a_sign_in_of_each_version_and_a_rejected_one"
    ),
    "usage.list": (
        "v1 does not show usage; "
        "tests/versions/v2/test_usage.py::test_requests_of_each_version_are_added_by_day_and_key"
    ),
    "usage.elements": (
        "v1 does not show usage; "
        "tests/versions/v2/test_used_elements.py::test_a_user_sees_what_is_deprecated_and_what_the_successor_lacks"
    ),
    "impact.analyse": (
        "v1 analyses no changes; tests/versions/v2/test_impact.py::test_the_document_or_a_parameter_states_the_version"
    ),
    "rate_limit.get": "v1 sends its limits in headers only",
}
