"""The requests of v2 about jobs."""

from tests.truth.table import Call

MAIL = {"subject": "Done", "text": "It is done."}
NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
BACKWARDS = {"start_date": "2026-11-02", "end_date": "2026-11-01"}
CALLS = {
    "jobs.create": [
        Call("jobs.create", 202, json={"type": "email", "params": MAIL}),
        Call("jobs.create", 202, json={"type": "email", "params": {**MAIL, "to": "$spelling"}}),
    ],
    "jobs.create_other": [Call("jobs.create", 202, json={"type": "email", "params": {**MAIL, "to": "$email"}})],
    "jobs.create_import": [Call("jobs.create", 202, json={"type": "csv_import", "params": {"file_id": "$file_id"}})],
    "jobs.create_report": [Call("jobs.create", 202, json={"type": "report", "params": NOVEMBER})],
    "jobs.create_wrong_report": [Call("jobs.create", 202, json={"type": "report", "params": BACKWARDS})],
    "jobs.create_export": [
        Call("jobs.create", 202, json={"type": "export", "params": {"resource": "posts"}}),
        Call("jobs.create", 202, json={"type": "export", "params": {"resource": "posts", "format": "ndjson"}}),
    ],
    "jobs.create_export_of_users": [
        Call("jobs.create", 202, json={"type": "export", "params": {"resource": "users", "format": "json"}})
    ],
    "jobs.stream": [Call("jobs.stream")],
    "jobs.list_problems": [Call("jobs.list_problems")],
    "jobs.list": [Call("jobs.list")],
    "jobs.get": [Call("jobs.get")],
    "jobs.cancel": [Call("jobs.cancel", 202)],
    "jobs.cancel_running": [Call("jobs.cancel", 202)],
    "jobs.cancel_again": [Call("jobs.cancel", 202)],
}
