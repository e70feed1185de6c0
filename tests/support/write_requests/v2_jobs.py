"""Valid requests of v2 for jobs."""

from tests.support.files import store_file
from tests.support.writes import Request, Scene
from versions.kit.typeid import encode

MAIL = {"type": "email", "params": {"subject": "Done", "text": "It is done."}}


async def create_job(scene: Scene) -> Request:
    return "POST", "/api/v2/jobs", scene.as_ada(json=MAIL)


async def import_posts(scene: Scene) -> Request:
    file = encode("file", (await store_file(scene.test_app, scene.ada, "title\n")).file)
    return "POST", "/api/v2/jobs", scene.as_ada(json={"type": "csv_import", "params": {"file_id": file}})


async def generate_report(scene: Scene) -> Request:
    params = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
    return "POST", "/api/v2/jobs", scene.as_ada(json={"type": "report", "params": params})


async def export_posts(scene: Scene) -> Request:
    return "POST", "/api/v2/jobs", scene.as_ada(json={"type": "export", "params": {"resource": "posts"}})


async def cancel_job(scene: Scene) -> Request:
    made = (await scene.send("POST", "/api/v2/jobs", json=MAIL)).json()
    return "DELETE", f"/api/v2/jobs/{made['id']}", scene.as_ada()


WRITES = [
    ("jobs.create", create_job),
    ("jobs.create", import_posts),
    ("jobs.create", generate_report),
    ("jobs.create", export_posts),
    ("jobs.cancel", cancel_job),
]
