"""The truth about sign-in, refresh tokens, registration and mailed tokens. These operations ignore credentials."""

from tests.support.app import PASSWORD
from tests.truth.table import Act, Call, Effect, Table, act

NEW = "another horse battery"
OPEN = "SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NULL"
TOKENS = "SELECT count(*) FROM refresh_tokens WHERE session_id = $1"
REVOKED = ("session.revoked",)
SIGN_IN = {"username": "$email", "password": "$password"}
REFRESH = {"refresh_token": "$refresh_token"}
GRANT = {"grant_type": "refresh_token", **REFRESH}
REGISTRATION = {"email": "$email", "password": PASSWORD}

_COUNT_NEW = "SELECT count(*) FROM users WHERE email = 'new@example.com' AND is_verified"

ACTS = {
    "auth.sign_in": act(
        v1=Call("auth.login", form=SIGN_IN),
        v2=Call("tokens.create", form={"grant_type": "password", **SIGN_IN}),
        effects=[Effect("SELECT count(*) FROM sessions WHERE user_id = $1", 1)],
        events=["session.started"],
    ),
    # v1 keeps its refresh token, v2 rotates it.
    "auth.refresh": act(
        v1=Call("auth.refresh", json=REFRESH, effects=[Effect(OPEN, 1), Effect(TOKENS, 1)]),
        v2=Call("tokens.create", form=GRANT, effects=[Effect(OPEN, 1), Effect(TOKENS, 2)]),
    ),
    # Within 30 seconds, a rotated token returns its successor.
    "auth.refresh_again": act(
        v1=Call("auth.refresh", json=REFRESH),
        v2=Call("tokens.create", form=GRANT),
        effects=[Effect(OPEN, 1), Effect(TOKENS, 2)],
    ),
    "auth.refresh_reused": Act(
        {"v1": [Call("auth.refresh", json=REFRESH)], "v2": [Call("tokens.create", form=GRANT)]},
        effects=[Effect(OPEN, 0), Effect(TOKENS, 2)],
        events=REVOKED,
        keeps_changes=True,
    ),
    "auth.revoke": act(
        v2=[
            Call("tokens.revoke", form={"token": "$refresh_token"}),
            Call("tokens.revoke", form={"token": "$access_token", "token_type_hint": "access_token"}),
        ],
        effects=[Effect(OPEN, 0)],
        events=REVOKED,
    ),
    "auth.revoke_nothing": act(v2=Call("tokens.revoke", form={"token": "$refresh_token"})),
    "auth.register": Act(
        {
            "v1": [Call("auth.register", 201, json={**REGISTRATION, "name": "New"})],
            "v2": [Call("registrations.create", 202, json={**REGISTRATION, "display_name": "New"})],
        },
        effects=[
            Effect("SELECT count(*) FROM users WHERE email = 'new@example.com'", 0),
            Effect("SELECT count(*) FROM pending_registrations WHERE email = 'new@example.com'", 1),
        ],
        mails=["Verify your e-mail address"],
    ),
    "auth.register_taken": Act(
        {
            "v1": [Call("auth.register", 201, json={**REGISTRATION, "name": "New"})],
        },
    ),
    "auth.register_taken_quietly": Act(
        {"v2": [Call("registrations.create", 202, json={**REGISTRATION, "display_name": "New"})]},
        mails=["You already have an account"],
    ),
    "auth.verify": act(
        v1=Call("auth.verify", json={"email": "$email", "token": "$token"}),
        v2=Call("verifications.create", 204, json={"token": "$token"}),
        effects=[
            Effect(f"{_COUNT_NEW} AND password_hash IS NOT NULL", 1),
            Effect("SELECT count(*) FROM pending_registrations", 0),
        ],
        events=["user.registered"],
    ),
    # The token proves the address only: which of the clients is its owner is unknown.
    "auth.verify_one_of_several": Act(
        {
            "v1": [Call("auth.verify", json={"email": "$email", "token": "$token"})],
            "v2": [Call("verifications.create", 204, json={"token": "$token"})],
        },
        effects=[
            Effect(f"{_COUNT_NEW} AND password_hash IS NULL", 1),
            Effect("SELECT count(*) FROM pending_registrations", 0),
        ],
        events=["user.registered"],
        mails=["Set a new password"],
    ),
    "auth.verify_changed_address": act(
        v1=Call("auth.verify", json={"email": "$email", "token": "$token"}),
        v2=Call("verifications.create", 204, json={"token": "$token"}),
        effects=[Effect("SELECT is_verified FROM users WHERE id = $1", value=True)],
        events=["user.verified"],
    ),
    # v1 responds with 200 for an address that is verified already.
    "auth.verify_again": act(v1=Call("auth.verify", json={"email": "$email", "token": "$token"})),
    "auth.verify_used": act(v2=Call("verifications.create", 204, json={"token": "$token"})),
    "auth.resend": Act(
        {"v2": [Call("verifications.resend", 202, json={"email": "$email"})]}, mails=["Verify your e-mail address"]
    ),
    "auth.resend_nothing": Act({"v2": [Call("verifications.resend", 202, json={"email": "$email"})]}, mails=[]),
    "auth.request_reset": Act(
        {"v2": [Call("password_resets.create", 202, json={"email": "$email"})]}, mails=["Set a new password"]
    ),
    "auth.request_nothing": Act({"v2": [Call("password_resets.create", 202, json={"email": "$email"})]}, mails=[]),
    "auth.reset": act(
        v2=Call("password_resets.confirm", 204, json={"token": "$token", "password": NEW}),
        effects=[
            Effect("SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL", 0),
            Effect("SELECT is_verified FROM users WHERE id = $1", value=True),
            Effect("SELECT count(*) FROM action_tokens WHERE user_id = $1 AND used_at IS NULL", 0),
        ],
        events=["user.password_reset"],
    ),
    "auth.providers": act(v2=Call("providers.list")),
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
