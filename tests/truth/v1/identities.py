"""The requests of v1 for sign-in with providers."""

from tests.truth.table import Call, reason_of_redirect

CALLS = {
    "identities.sign_in": [Call("auth.provider", 302, read=reason_of_redirect)],
    "identities.return": [Call("auth.provider_callback", query={"code": "1", "state": "2"})],
}
