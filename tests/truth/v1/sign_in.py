"""The requests of v1 for sign-in, registration and mailed tokens."""

from tests.support.app import PASSWORD
from tests.truth.sign_in import OPEN, TOKENS
from tests.truth.table import Call, Effect

REFRESH = {"refresh_token": "$refresh_token"}
REGISTRATION = {"email": "$email", "password": PASSWORD, "name": "New"}
VERIFICATION = {"email": "$email", "token": "$token"}

CALLS = {
    "auth.sign_in": [Call("auth.login", form={"username": "$email", "password": "$password"})],
    # v1 keeps its refresh token.
    "auth.refresh": [Call("auth.refresh", json=REFRESH, effects=[Effect(OPEN, 1), Effect(TOKENS, 1)])],
    "auth.refresh_again": [Call("auth.refresh", json=REFRESH)],
    "auth.refresh_reused": [Call("auth.refresh", json=REFRESH)],
    "auth.register": [Call("auth.register", 201, json=REGISTRATION)],
    "auth.register_taken": [Call("auth.register", 201, json=REGISTRATION)],
    "auth.verify": [Call("auth.verify", json=VERIFICATION)],
    "auth.verify_one_of_several": [Call("auth.verify", json=VERIFICATION)],
    "auth.verify_changed_address": [Call("auth.verify", json=VERIFICATION)],
    # 200 for an address that is verified already.
    "auth.verify_again": [Call("auth.verify", json=VERIFICATION)],
}
