"""The status and the detail of each failure in v1."""

from collections.abc import Mapping
from typing import Final

LIST: Final = "a list of rejected values"

FAILURES: Final[Mapping[str, tuple[int, str]]] = {
    "unauthenticated": (401, "Not authenticated"),
    "invalid_token": (401, "Could not validate credentials"),
    "invalid_credentials": (401, "Incorrect email or password"),
    "invalid_refresh_token": (401, "Could not validate credentials"),
    "wrong_token_type": (401, "Invalid token type"),
    "email_not_verified": (403, "Please verify your email before logging in"),
    "account_deactivated": (403, "This account is deactivated."),
    "reauthentication_required": (403, "Please sign in again"),
    "wrong_password": (403, "The current password is wrong."),
    "insufficient_permissions": (403, "Insufficient permissions"),
    "not_the_author": (403, "Not authorized to modify this post"),
    "not_your_account": (403, "Not authorized to update this user"),
    "provider_not_found": (404, "There is no such identity provider."),
    "post_not_found": (404, "Post not found"),
    "user_not_found": (404, "User not found"),
    "payer_account_not_found": (404, "You have no such account to pay from."),
    "payee_account_not_found": (404, "There is no such account to pay to."),
    "money_needs_live_key": (
        403,
        "A test key cannot move money. Use a session, or a key that begins with sk_live_.",
    ),
    "unknown_currency": (422, "The currency must be a code of ISO 4217, such as EUR."),
    "amount_not_positive": (422, "The amount must be greater than zero."),
    "amount_too_precise": (422, "An amount in EUR has at most 2 decimals."),
    "same_account": (422, "Money is transferred between two different accounts."),
    "currency_mismatch": (422, "The amount is in EUR, the accounts are in EUR and USD."),
    "insufficient_funds": (409, "The available balance of the account is too low."),
    "account_busy": (409, "Many transfers of this account are being executed. Try again."),
    "account_holds_money": (409, "The user has an account with money or pending holds. Transfer the money first."),
    "recipient_not_allowed": (403, "Mail can be sent to your own verified address only."),
    "job_not_found": (404, "Job not found"),
    "file_not_found": (404, "File not found"),
    "storage_not_configured": (
        409,
        "This server does not store files there: use storage=local, or leave it out.",
    ),
    "not_the_owner": (403, "Only the owner of a file may delete it."),
    "file_type_not_allowed": (
        400,
        "The file 'new.exe' has no accepted extension. Accepted are .jpg, .jpeg, .png, .pdf, .docx, .xlsx.",
    ),
    "content_mismatch": (
        415,
        (
            "Name, declared type and content of the file do not agree: the extension is .png, the declared type is "
            "image/png, and the content is application/pdf."
        ),
    ),
    "range_not_satisfiable": (416, "The content has no bytes in this range; Content-Range states its size."),
    "invalid_period": (422, "The period must not end before it starts, and has at most 366 days."),
    "job_finished": (409, "The job has already succeeded or failed."),
    "webhook_endpoint_not_found": (404, "You have no such webhook endpoint."),
    "webhook_url_refused": (422, "The host of the URL is not on the public internet."),
    "unknown_event_type": (422, "This version has no events of this type."),
    "number_not_finite": (
        422,
        "A number in the body is NaN, infinite or too large. Send a finite decimal number.",
    ),
    "idempotency_key_reused": (422, "This Idempotency-Key was used with another request. Use a new one."),
    "invalid_idempotency_key": (
        400,
        "Idempotency-Key must be a quoted string of 1 to 255 printable ASCII characters.",
    ),
    "unreadable_response": (
        409,
        "The server can no longer read the response stored for this Idempotency-Key. Use a new one.",
    ),
    "request_in_flight": (409, "A request with this Idempotency-Key is being processed. Try again."),
    "not_found": (404, "Not Found"),
    "method_not_allowed": (405, "Method Not Allowed"),
    # The contract of v1 has 400 for a taken address.
    "email_taken": (400, "Email already registered"),
    "last_admin": (409, "This is the last active admin: make another one first."),
    "invalid_verification_token": (400, "Invalid verification token"),
    "invalid_sign_in_flow": (
        400,
        "This sign-in is unknown, expired, complete, or was started in another browser. Start it again.",
    ),
    "unsupported_media_type": (415, "Send the body as application/json."),
    "validation_failed": (422, LIST),
    "limit_too_high": (400, "Limit cannot exceed 1000"),
}
