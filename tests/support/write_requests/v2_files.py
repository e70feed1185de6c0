"""Valid requests of v2 for files."""

from tests.support.files import store_file
from tests.support.presigned import FILES, PRESIGNED, pending_file, sign_urls
from tests.support.uploads import CSV, form
from tests.support.writes import ADA, Request, Scene
from versions.kit.typeid import encode


async def upload_file(scene: Scene) -> Request:
    return "POST", "/api/v2/files", scene.as_ada(files=form())


async def delete_file(scene: Scene) -> Request:
    file = encode("file", (await store_file(scene.test_app, scene.ada, "title\n")).file)
    return "DELETE", f"/api/v2/files/{file}", scene.as_ada()


async def begin_presigned_upload(scene: Scene) -> Request:
    sign_urls(scene.test_app)
    return "POST", PRESIGNED, scene.as_ada(json={"filename": "posts.csv"})


async def complete_presigned_upload(scene: Scene) -> Request:
    sign_urls(scene.test_app)
    uid = await pending_file(scene.test_app, scene.ada, CSV)
    return "POST", f"{FILES}/{encode('file', uid)}/complete", scene.as_ada()


WRITES = [
    ("files.create", upload_file),
    ("files.presign", begin_presigned_upload),
    ("files.complete", complete_presigned_upload),
    ("files.delete", delete_file),
]
EVENTS: dict[str, list[tuple[str, str]]] = {
    "upload_file": [("file.uploaded", ADA)],
    "begin_presigned_upload": [],
    "complete_presigned_upload": [("file.uploaded", ADA)],
    "delete_file": [("file.deleted", ADA)],
}
