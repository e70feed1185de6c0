"""The truth about sign-in, refresh tokens, registration and mailed tokens. These operations ignore credentials."""

from tests.truth.table import Act, Effect, Table

NEW = "another horse battery"
OPEN = "SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NULL"
TOKENS = "SELECT count(*) FROM refresh_tokens WHERE session_id = $1"
REVOKED = ("session.revoked",)

_COUNT_NEW = "SELECT count(*) FROM users WHERE email = 'new@example.com' AND is_verified"
_VERIFIED = Effect("SELECT count(*) FROM pending_registrations", 0)

ACTS = {
    "auth.sign_in": Act([Effect("SELECT count(*) FROM sessions WHERE user_id = $1", 1)], ["session.started"]),
    # Versions differ in whether a refresh token is rotated.
    "auth.refresh": Act(),
    # Within 30 seconds, a rotated token returns its successor.
    "auth.refresh_again": Act([Effect(OPEN, 1), Effect(TOKENS, 2)]),
    "auth.refresh_reused": Act([Effect(OPEN, 0), Effect(TOKENS, 2)], REVOKED, keeps_changes=True),
    "auth.revoke": Act([Effect(OPEN, 0)], REVOKED),
    "auth.revoke_nothing": Act(),
    "auth.register": Act(
        [
            Effect("SELECT count(*) FROM users WHERE email = 'new@example.com'", 0),
            Effect("SELECT count(*) FROM pending_registrations WHERE email = 'new@example.com'", 1),
        ],
        mails=["Verify your e-mail address"],
    ),
    "auth.register_taken": Act(),
    "auth.register_taken_quietly": Act(mails=["You already have an account"]),
    "auth.verify": Act([Effect(f"{_COUNT_NEW} AND password_hash IS NOT NULL", 1), _VERIFIED], ["user.registered"]),
    # The token proves the address only: which of the clients is its owner is unknown.
    "auth.verify_one_of_several": Act(
        [Effect(f"{_COUNT_NEW} AND password_hash IS NULL", 1), _VERIFIED],
        ["user.registered"],
        mails=["Set a new password"],
    ),
    "auth.verify_changed_address": Act(
        [Effect("SELECT is_verified FROM users WHERE id = $1", value=True)], ["user.verified"]
    ),
    "auth.verify_again": Act(),
    "auth.verify_used": Act(),
    "auth.resend": Act(mails=["Verify your e-mail address"]),
    "auth.resend_nothing": Act(mails=[]),
    "auth.request_reset": Act(mails=["Set a new password"]),
    "auth.request_nothing": Act(mails=[]),
    "auth.reset": Act(
        [
            Effect("SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL", 0),
            Effect("SELECT is_verified FROM users WHERE id = $1", value=True),
            Effect("SELECT count(*) FROM action_tokens WHERE user_id = $1 AND used_at IS NULL", 0),
        ],
        ["user.password_reset"],
        ended=REVOKED,
    ),
    "auth.providers": Act(),
}

ROWS = """
                                                          | everyone
auth.sign_in                 right password               | ok
                             right password, own spelling | ok
                             wrong password               | 401c
                             unknown address              | 401c
                             unverified user              | 403v
                             unverified user, wrong password  | 401c
                             registered                   | 403v
                             registered, wrong password   | 401c
                             deactivated user, right password | 403d
                             deactivated user, wrong password | 401c
auth.refresh                 open session                 | ok
                             access token                 | 401k
                             no token                     | 401r
                             revoked session              | 401r
                             expired session              | 401r
                             session of deactivated user  | 401r
                             session of deleted user      | 401r
auth.refresh_again           rotated a moment ago         | ok
auth.refresh_reused          rotated a minute ago         | 401r
auth.revoke                  open session                 | ok
auth.revoke_nothing          no token                     | ok
                             revoked session              | ok
                             expired session              | ok
                             session of deleted user      | ok
auth.register                new address                  | ok
auth.register_taken          taken address                | 409e
auth.register_taken_quietly  taken address                | ok
auth.verify                  registered                   | ok
                             registered, expired token    | 400v
                             registered, reset token      | 400v
                             registered, then created by an admin | 400v
                             unknown token                | 400v
auth.verify_one_of_several   registered twice             | ok
auth.verify_changed_address  token of a changed address   | ok
auth.verify_again            verified                     | ok
auth.verify_used             verified                     | 400v
auth.resend                  unverified user              | ok
                             registered a minute ago      | ok
auth.resend_nothing          registered                   | ok
                             right password               | ok
                             deactivated user, right password | ok
                             unknown address              | ok
auth.request_reset           right password               | ok
                             unverified user              | ok
auth.request_nothing         registered                   | ok
                             deactivated user, right password | ok
                             unknown address              | ok
auth.reset                   reset token                  | ok
                             reset token of unverified user   | ok
                             used reset token             | 400p
                             expired reset token          | 400p
                             replaced reset token         | 400p
                             reset token of deactivated user  | 400p
                             reset token of deleted user  | 400p
                             registered                   | 400p
                             unknown token                | 400p
auth.providers               -                            | ok
"""

OUTCOMES = {
    "400p": "invalid_reset_token",
    "400v": "invalid_verification_token",
    "401c": "invalid_credentials",
    "401k": "wrong_token_type",
    "401r": "invalid_refresh_token",
    "403d": "account_deactivated",
    "403v": "email_not_verified",
    "409e": "email_taken",
}
TABLE = Table(ACTS, OUTCOMES, ROWS)
