"""The requests of v1 about jobs, which it calls tasks."""

from tests.truth.table import Call

MAIL = {"subject": "Done", "body": "It is done."}
CALLS = {
    "jobs.create": [Call("tasks.send_email", json={**MAIL, "to": "$spelling"})],
    "jobs.create_other": [Call("tasks.send_email", json={**MAIL, "to": "$email"})],
    "jobs.create_import": [Call("tasks.process_csv", json={"file_id": "$file_id"})],
    "jobs.create_report": [Call("tasks.generate_report", query={"start_date": "2026-11-01", "end_date": "2026-11-30"})],
    "jobs.create_wrong_report": [
        Call("tasks.generate_report", query={"start_date": "2026-11-02", "end_date": "2026-11-01"})
    ],
    "jobs.get": [Call("tasks.status")],
    "jobs.cancel": [Call("tasks.revoke")],
    "jobs.cancel_running": [Call("tasks.revoke")],
    "jobs.cancel_again": [Call("tasks.revoke")],
}
