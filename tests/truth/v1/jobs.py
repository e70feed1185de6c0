"""The requests of v1 about jobs, which it calls tasks."""

from tests.truth.table import Call

MAIL = {"subject": "Done", "body": "It is done."}
CALLS = {
    "jobs.create": [Call("tasks.send_email", json={**MAIL, "to": "$spelling"})],
    "jobs.create_other": [Call("tasks.send_email", json={**MAIL, "to": "$email"})],
    "jobs.get": [Call("tasks.status")],
    "jobs.cancel": [Call("tasks.revoke")],
    "jobs.cancel_running": [Call("tasks.revoke")],
    "jobs.cancel_again": [Call("tasks.revoke")],
}
