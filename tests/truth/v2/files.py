"""The requests of v2 about files."""

from tests.support.uploads import CSV, pdf
from tests.truth.table import Call

CALLS = {
    "files.create": [Call("files.create", 201, files=[("file", ("new.csv", CSV, "text/csv"))])],
    "files.create_program": [Call("files.create", files=[("file", ("new.exe", b"MZ", ""))])],
    "files.create_disguised": [Call("files.create", files=[("file", ("new.png", pdf(), "image/png"))])],
    "files.list": [Call("files.list")],
    "files.get": [Call("files.get")],
    "files.get_content": [Call("files.get_content")],
    "files.get_no_bytes": [Call("files.get_content", headers={"Range": "bytes=8-"})],
    "files.delete_attached": [Call("files.delete", 204)],
    "files.presign": [Call("files.presign", 201, json={"filename": "new.csv"})],
    "files.complete": [Call("files.complete")],
    "files.complete_again": [Call("files.complete")],
    "files.delete": [Call("files.delete", 204)],
}
