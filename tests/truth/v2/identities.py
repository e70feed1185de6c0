"""The requests of v2 for sign-in with providers, and about identities."""

from tests.truth.table import Call, reason_of_redirect

EXCHANGE = {"grant_type": "authorization_code", "code": "$code", "code_verifier": "$verifier"}

CALLS = {
    "identities.sign_in": [Call("providers.authorize", 302, read=reason_of_redirect)],
    "identities.return": [Call("providers.callback", query={"code": "1", "state": "2"})],
    "identities.visit_to_link": [Call("providers.visit", json={"purpose": "link"})],
    "identities.visit_to_prove": [Call("providers.visit", json={"purpose": "reauthenticate"})],
    "identities.confirm": [Call("identity_confirmations.create", 204, json={"token": "$token"})],
    "identities.exchange": [Call("tokens.create", form=EXCHANGE)],
    "identities.exchange_wrongly": [Call("tokens.create", form=EXCHANGE)],
    "identities.list": [Call("identities.list")],
    "identities.get": [Call("identities.get")],
    "identities.delete": [Call("identities.delete", 204)],
}
