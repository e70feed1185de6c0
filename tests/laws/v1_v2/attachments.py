"""Files of posts: v1 shows the rest of the post, keeps its files, and decides on them as v2 does."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import ok, revision, without_times
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.posts import Written, effect, write
from tests.laws.v1_v2.strategies import DRAFTS, POST_EDITS, STATUSES, VERSIONS, Draft
from tests.laws.v1_v2.tables.fields import POST
from tests.support.uploads import form, png

_FILES: Final = st.integers(min_value=1, max_value=3)


def _upload(caller: Caller, number: int) -> list[dict[str, Any]]:
    """Files of the caller, as v2 shows them."""
    sent = [form(png(), f"{index}.png", "image/png") for index in range(number)]
    return [ok(caller.v2.call("POST", "/files", files=file)).json() for file in sent]


def _attach(harness: VersionsHarness, written: Written, files: list[dict[str, Any]]) -> None:
    ok(harness.ada.v2.patch(written.new, {"attachments": [file["id"] for file in files]}))


@law(0.5, draft=DRAFTS, status=STATUSES, number=_FILES)
def attachments_change_nothing_else(harness: VersionsHarness, draft: Draft, status: str, number: int) -> None:
    """A post with files is the same in v1 as without, but for the time of its last edit."""
    ada = harness.ada
    written = write(harness, ada, draft, status=status)
    identity = int(written.old.rpartition("/")[2])
    (before,) = ok(ada.v1.post("/posts/batch", {"ids": [identity]})).json()
    _attach(harness, written, _upload(ada, number))
    (after,) = ok(ada.v1.post("/posts/batch", {"ids": [identity]})).json()
    assert without_times(after) == without_times(before)
    shown = ok(ada.v2.get(written.new)).json()
    assert len(shown["attachments"]) == number
    assert POST.from_v1(harness, after) == POST.from_v2(harness, shown)


@law(0.5, draft=DRAFTS, status=STATUSES, number=_FILES, edit=POST_EDITS)
def an_edit_of_v1_keeps_attachments(
    harness: VersionsHarness, draft: Draft, status: str, number: int, edit: dict[str, Any]
) -> None:
    """Also one that writes back what v1 has read, which changes nothing."""
    written = write(harness, harness.ada, draft, status=status)
    _attach(harness, written, _upload(harness.ada, number))
    before = ok(harness.ada.v2.get(written.new))
    read = ok(harness.ada.v1.get(written.old)).json()
    ok(harness.ada.v1.put(written.old, {name: read[name] for name in ("title", "content", "published")}))
    same = ok(harness.ada.v2.get(written.new))
    assert (revision(same), same.json()["attachments"]) == (revision(before), before.json()["attachments"])
    ok(harness.ada.v1.put(written.old, edit))
    assert ok(harness.ada.v2.get(written.new)).json()["attachments"] == before.json()["attachments"]


@law(0.5, draft=DRAFTS, status=STATUSES)
def who_reads_a_post_reads_its_files(harness: VersionsHarness, draft: Draft, status: str) -> None:
    """In both versions, and nobody else: neither the file nor what is known about it."""
    written = write(harness, harness.ada, draft, status=status)
    (file,) = _upload(harness.ada, 1)
    for attached in (False, True):
        if attached:
            _attach(harness, written, [file])
        for caller in (harness.ada, harness.bob, harness.admin, harness.stranger):
            sees = caller is harness.ada or (attached and caller.v2.get(written.new).is_success)
            reads = [
                caller.v1.get(f"/files/{file['v1_id']}"),
                caller.v2.get(f"/files/{file['id']}"),
                caller.v2.get(f"/files/{file['id']}/content"),
            ]
            assert [read.status_code for read in reads] == [200 if sees else 404] * 3


@law(0.5, draft=DRAFTS, status=STATUSES, number=_FILES, deleted=VERSIONS)
def a_deleted_file_leaves_its_post(
    harness: VersionsHarness, draft: Draft, status: str, number: int, deleted: str
) -> None:
    """With the same events and the same revision, whichever version deletes it."""
    written = write(harness, harness.ada, draft, status=status)
    files = _upload(harness.ada, number)
    _attach(harness, written, files)
    before = int(revision(ok(harness.ada.v2.get(written.new))))
    file = files[-1]
    old = effect(harness, written, lambda: ok(harness.ada.v1.delete(f"/files/{file['v1_id']}")))
    new = effect(harness, written, lambda: ok(harness.ada.v2.delete(f"/files/{file['id']}")))
    assert old == new
    path = f"/files/{file['v1_id']}" if deleted == "v1" else f"/files/{file['id']}"
    ok((harness.ada.v1 if deleted == "v1" else harness.ada.v2).delete(path))
    after = ok(harness.ada.v2.get(written.new))
    assert [one["id"] for one in after.json()["attachments"]] == [one["id"] for one in files[:-1]]
    assert int(revision(after)) == before + 1
