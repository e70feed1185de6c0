"""The requests of v1 about files."""

from tests.support.uploads import pdf, png
from tests.truth.table import Call

CALLS = {
    "files.create": [Call("files.upload", files=[("file", ("new.png", png(), "image/png"))])],
    "files.create_several": [
        Call("files.upload_multiple", files=[("files", (f"new{number}.png", png(), "")) for number in range(2)])
    ],
    "files.create_program": [Call("files.upload", files=[("file", ("new.exe", b"MZ", ""))])],
    "files.create_disguised": [Call("files.upload", files=[("file", ("new.png", pdf(), "image/png"))])],
    "files.create_elsewhere": [
        Call("files.upload", query={"storage": "s3"}, files=[("file", ("new.png", png(), "image/png"))])
    ],
    "files.get_content": [Call("files.get")],
    "files.get_no_bytes": [Call("files.get", headers={"Range": "bytes=8-"})],
    "files.delete_attached": [Call("files.delete")],
    "files.delete": [Call("files.delete")],
}
