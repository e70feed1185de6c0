"""The requests of v2 about jobs."""

from tests.truth.table import Call

MAIL = {"subject": "Done", "text": "It is done."}
CALLS = {
    "jobs.create": [
        Call("jobs.create", 202, json={"type": "email", "params": MAIL}),
        Call("jobs.create", 202, json={"type": "email", "params": {**MAIL, "to": "$spelling"}}),
    ],
    "jobs.create_other": [Call("jobs.create", 202, json={"type": "email", "params": {**MAIL, "to": "$email"}})],
    "jobs.list": [Call("jobs.list")],
    "jobs.get": [Call("jobs.get")],
    "jobs.cancel": [Call("jobs.cancel", 202)],
    "jobs.cancel_running": [Call("jobs.cancel", 202)],
    "jobs.cancel_again": [Call("jobs.cancel", 202)],
}
