"""The requests of v2 for sign-in, registration and mailed tokens."""

from tests.support.app import PASSWORD
from tests.truth.sign_in import NEW, OPEN, TOKENS
from tests.truth.table import Call, Effect

GRANT = {"grant_type": "refresh_token", "refresh_token": "$refresh_token"}
REGISTRATION = {"email": "$email", "password": PASSWORD, "display_name": "New"}
VERIFY = Call("verifications.create", 204, json={"token": "$token"})

CALLS = {
    "auth.sign_in": [
        Call("tokens.create", form={"grant_type": "password", "username": "$email", "password": "$password"})
    ],
    # v2 rotates its refresh token.
    "auth.refresh": [Call("tokens.create", form=GRANT, effects=[Effect(OPEN, 1), Effect(TOKENS, 2)])],
    "auth.refresh_again": [Call("tokens.create", form=GRANT)],
    "auth.refresh_reused": [Call("tokens.create", form=GRANT)],
    "auth.revoke": [
        Call("tokens.revoke", form={"token": "$refresh_token"}),
        Call("tokens.revoke", form={"token": "$access_token", "token_type_hint": "access_token"}),
    ],
    "auth.revoke_nothing": [Call("tokens.revoke", form={"token": "$refresh_token"})],
    "auth.register": [Call("registrations.create", 202, json=REGISTRATION)],
    "auth.register_taken_quietly": [Call("registrations.create", 202, json=REGISTRATION)],
    "auth.verify": [VERIFY],
    "auth.verify_one_of_several": [VERIFY],
    "auth.verify_changed_address": [VERIFY],
    "auth.verify_used": [VERIFY],
    "auth.resend": [Call("verifications.resend", 202, json={"email": "$email"})],
    "auth.resend_nothing": [Call("verifications.resend", 202, json={"email": "$email"})],
    "auth.request_reset": [Call("password_resets.create", 202, json={"email": "$email"})],
    "auth.request_nothing": [Call("password_resets.create", 202, json={"email": "$email"})],
    "auth.reset": [Call("password_resets.confirm", 204, json={"token": "$token", "password": NEW})],
    "auth.providers": [Call("providers.list")],
}
