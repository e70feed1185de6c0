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
    "post_not_found": (404, "Post not found"),
    "user_not_found": (404, "User not found"),
    "not_found": (404, "Not Found"),
    "method_not_allowed": (405, "Method Not Allowed"),
    # The contract of v1 has 400 for a taken address.
    "email_taken": (400, "Email already registered"),
    "last_admin": (409, "This is the last active admin: make another one first."),
    "invalid_verification_token": (400, "Invalid verification token"),
    "unsupported_media_type": (415, "Send the body as application/json."),
    "validation_failed": (422, LIST),
    "limit_too_high": (400, "Limit cannot exceed 1000"),
}
