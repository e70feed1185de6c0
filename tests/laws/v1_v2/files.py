"""Files: what one version uploads or deletes, the other one shows."""

from collections.abc import Sequence
from typing import Any, Final

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.failures import FAILURES
from tests.laws.v1_v2.tables.shapes import FILE
from tests.support.uploads import CONTENTS, archive, docx, jpeg, pdf, png
from versions.kit.typeid import encode

_PADDING: Final = st.binary(max_size=50)
_NAMES: Final = st.sampled_from(
    ["a.png", "A.PNG", "../b.jpg", "C:\\c.jpeg", "łupek.pdf", "a.php.jpg", "x" * 251 + ".png", "a.docx", "a.xlsx"]
)
_WRONG: Final = st.sampled_from(
    [
        ("a.exe", "", b"MZ"),
        ("a", "", png()),
        ("a.jpg.exe", "image/jpeg", jpeg()),
        ("a.jpg", "image/png", jpeg()),
        ("a.png", "image/png", jpeg()),
        ("a.pdf", "", png()),
        ("a.docx", "", archive({"a.txt": b"a"})),
        ("a.xlsx", "", docx()),
        ("a.docx", "", docx({"word/vbaProject.bin": b"a"})),
        ("a.docx", "", docx({"../a": b"a"})),
        ("a.jpg", "", b""),
        ("/", "", png()),
        ("x" * 252 + ".png", "", png()),
    ]
)


def _valid(name: str, padding: bytes) -> bytes:
    """A content for the extension of a name."""
    made = {".png": png, ".jpg": jpeg, ".jpeg": jpeg, ".pdf": pdf}
    extension = name[name.rindex(".") :].lower()
    return made[extension](padding) if extension in made else CONTENTS[f"a{extension}"]


def _upload(version: str, caller: Caller, name: str, media_type: str, content: bytes) -> httpx2.Response:
    client, path = (caller.v1, "/files/upload") if version == "v1" else (caller.v2, "/files")
    return client.call("POST", path, files={"file": (name, content, media_type)})


def _metadata(caller: Caller, harness: VersionsHarness, number: int) -> Any:
    """What v2 shows of a file of v1."""
    ((uid,),) = harness.fetch("SELECT uid FROM files WHERE id = $1", number)
    return ok(caller.v2.get(f"/files/{encode('file', uid)}")).json()


@law(version=VERSIONS, name=_NAMES, padding=_PADDING)
def a_file_reads_alike(harness: VersionsHarness, version: str, name: str, padding: bytes) -> None:
    """Both versions show the same file, with the same content, whichever stored it."""
    content = _valid(name, padding)
    made = ok(_upload(version, harness.ada, name, "", content)).json()
    number = made["id"] if version == "v1" else made["v1_id"]
    shown = _metadata(harness.ada, harness, number)
    if version == "v1":
        assert FILE.from_v1(harness, made) == FILE.from_v2(harness, shown)
    else:
        assert made == shown
    old, new = ok(harness.ada.v1.get(f"/files/{number}")), ok(harness.ada.v2.get(f"/files/{shown['id']}/content"))
    for response in (old, new):
        assert response.content == content
        assert response.headers["ETag"] == f'"sha256:{shown["sha256"][:32]}"'
    assert old.headers["Content-Disposition"] == new.headers["Content-Disposition"]


@law(wrong=_WRONG)
def contents_are_rejected_alike(harness: VersionsHarness, wrong: tuple[str, str, bytes]) -> None:
    """Both versions reject the same names, types and contents, and keep nothing of them."""
    old, new = (_upload(version, harness.ada, *wrong) for version in ("v1", "v2"))
    code = new.json()["code"]
    statuses = {"unsafe_content": (422, 422), "invalid_file_name": (422, 422)}
    if code in FAILURES:
        statuses[code] = FAILURES[code].old_status, FAILURES[code].new_status
    assert (old.status_code, new.status_code) == statuses[code], (old.text, new.text)
    assert harness.fetch("SELECT count(*) FROM files") == [(0,)]


@law(names=st.lists(_NAMES, min_size=1, max_size=4))
def several_files_equal_single_ones(harness: VersionsHarness, names: Sequence[str]) -> None:
    """An upload of several files in v1 stores what as many uploads in v2 store."""
    contents = [_valid(name, b"") for name in names]
    several = [("files", (name, content, "")) for name, content in zip(names, contents, strict=True)]
    made = ok(harness.ada.v1.call("POST", "/files/upload-multiple", files=several)).json()
    for name, content in zip(names, contents, strict=True):
        ok(_upload("v2", harness.ada, name, "", content))
    listed = ok(harness.ada.v2.get("/files", limit=100)).json()["data"][::-1]
    first, second = listed[: len(names)], listed[len(names) :]
    assert [file["v1_id"] for file in first] == [file["id"] for file in made]
    compared = ("name", "content_type", "size", "sha256", "visibility", "owner_id")
    assert [[file[key] for key in compared] for file in first] == [[file[key] for key in compared] for file in second]


@law(uploaded=VERSIONS, deleted=VERSIONS, by_owner=st.booleans())
def a_removal_means_the_same(harness: VersionsHarness, uploaded: str, deleted: str, *, by_owner: bool) -> None:
    """A file that one version deletes is gone in both; a file of another user is hidden from both."""
    made = ok(_upload(uploaded, harness.ada, "a.png", "", png())).json()
    number = made["id"] if uploaded == "v1" else made["v1_id"]
    name = _metadata(harness.ada, harness, number)["id"]
    caller = harness.ada if by_owner else harness.bob
    path = f"/files/{number}" if deleted == "v1" else f"/files/{name}"
    response = (caller.v1 if deleted == "v1" else caller.v2).delete(path)
    assert response.status_code == ({"v1": 200, "v2": 204}[deleted] if by_owner else 404)
    reads = harness.ada.v1.get(f"/files/{number}"), harness.ada.v2.get(f"/files/{name}")
    assert [read.status_code for read in reads] == [404 if by_owner else 200] * 2
