"""The requests of v2 about sessions."""

from tests.support.app import PASSWORD
from tests.truth.table import Call

CALLS = {
    "sessions.list": [Call("sessions.list")],
    "sessions.get": [Call("sessions.get")],
    "sessions.delete": [Call("sessions.delete", 204)],
    "sessions.delete_others": [Call("sessions.delete_others", 204)],
    "sessions.reauthenticate": [Call("reauthentications.create", 204, json={"password": PASSWORD})],
    "sessions.reauthenticate_wrongly": [
        Call("reauthentications.create", 204, json={"password": "a wrong password"}),
    ],
}
