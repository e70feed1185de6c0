"""``strata files``: a file of a user, whose content is that of the path, and what crashes have left."""

import os
from hashlib import sha256
from pathlib import Path
from time import time

import pytest
from typer.testing import CliRunner

from app.cli import files
from app.cli.kit.output import CommandError
from app.cli.program import program
from tests.support.commands import output_of as run
from tests.support.postgres import clone, execute_as_owner, stored_rows
from versions.kit.typeid import decode


@pytest.fixture
async def dsn(admin_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    dsn = await clone(admin_dsn, "commands")
    monkeypatch.setenv("STRATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)
    (tmp_path / "home").mkdir()
    return dsn


def test_a_file_is_stored_for_its_owner(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_CHUNK_BYTES", 8)
    path = tmp_path / "posts.csv"
    path.write_bytes(b"title\nFirst\nSecond\n")
    run("users", "create", "ada@example.com")
    uid = decode("file", run("files", "add", str(path), "--owner", "ada@example.com").strip())
    columns = "name, content_type, state, size, sha256, object_key"
    query = f"SELECT {columns} FROM files JOIN users ON users.id = owner_id WHERE files.uid = '{uid}'"  # noqa: S608 - of this test
    ((name, kind, state, size, digest, key),) = stored_rows(dsn, f"{query} AND email = 'ada@example.com'")
    body = path.read_bytes()
    assert (name, kind, state, size, digest) == ("posts.csv", "text/csv", "ready", len(body), sha256(body).digest())
    assert (tmp_path / "home" / "files" / key).read_bytes() == body


def test_a_missing_path_and_a_missing_user_are_named(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"PATH must be a file, got '.*nothing\.csv'"):
        run("files", "add", str(tmp_path / "nothing.csv"), "--owner", "1")
    path = tmp_path / "posts.csv"
    path.write_text("title\n")
    with pytest.raises(CommandError, match=r"There is no user nobody@example\.com"):
        run("files", "add", str(path), "--owner", "nobody@example.com")
    assert stored_rows(dsn, "SELECT 1 FROM files") == []


def test_what_crashes_have_left_is_counted_and_removed(dsn: str, tmp_path: Path) -> None:
    run("users", "create", "ada@example.com")
    path = tmp_path / "posts.csv"
    path.write_text("title\n")
    run("files", "add", str(path), "--owner", "ada@example.com")
    assert run("files", "check").splitlines()[-3:] == [
        "Unfinished files: 0",
        "Objects without a file: 0",
        "Files without their content: 0",
    ]
    folder = tmp_path / "home" / "files" / "objects"
    (kept,) = folder.iterdir()
    execute_as_owner(
        dsn,
        "INSERT INTO files (uid, owner_id, name, content_type, object_key, created_at) SELECT gen_random_uuid(), id,"
        " 'a.csv', 'text/csv', 'objects/unfinished', now() - interval '3 hours' FROM users",
    )
    for name in ("unfinished", "orphan", "new"):
        (folder / name).write_text("a")
    old = time() - 3 * 3600
    for name in ("unfinished", "orphan", kept.name):
        os.utime(folder / name, (old, old))
    with pytest.raises(CommandError, match="The store contains what no file needs"):
        run("files", "check")
    assert {one.name for one in folder.iterdir()} == {"unfinished", "orphan", "new", kept.name}
    removed = run("files", "clean").splitlines()[-2:]
    assert removed == ["Unfinished files removed: 1", "Objects without a file removed: 1"]
    assert {one.name for one in folder.iterdir()} == {"new", kept.name}
    assert len(stored_rows(dsn, "SELECT 1 FROM files")) == 1


@pytest.mark.parametrize("damage", ["missing", "shorter"])
def test_files_whose_content_is_missing_are_named(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("app.files.housekeeping._BATCH", 2)
    run("users", "create", "ada@example.com")
    path = tmp_path / "posts.csv"
    path.write_text("title\n")
    ids = [run("files", "add", str(path), "--owner", "ada@example.com").strip() for _ in range(5)]
    object_path = tmp_path / "home" / "files" / "objects" / str(decode("file", ids[3]))
    object_path.unlink() if damage == "missing" else object_path.write_text("t")
    result = CliRunner().invoke(program, ["files", "check"])
    assert isinstance(result.exception, CommandError)
    assert "The store lacks the content of files" in str(result.exception)
    assert result.stdout.splitlines()[-2:] == ["Files without their content: 1", ids[3]]
    assert "Files without their content" not in run("files", "clean")
    execute_as_owner(dsn, f"DELETE FROM files WHERE uid = '{decode('file', ids[3])}'")  # noqa: S608 - of this test
    assert run("files", "check").splitlines()[-1] == "Files without their content: 0"


def test_uploads_to_signed_urls_are_checked_and_cleaned(dsn: str, tmp_path: Path) -> None:
    run("users", "create", "ada@example.com")
    folder = tmp_path / "home" / "files" / "incoming"
    folder.mkdir(parents=True)
    old = time() - 3 * 3600
    for name in ("abandoned", "late", "pending"):
        (folder / name).write_text("a")
        os.utime(folder / name, (old, old))
    for name, age in (("abandoned", "3 hours"), ("pending", "1 hour")):
        execute_as_owner(
            dsn,
            "INSERT INTO files (uid, owner_id, name, content_type, object_key, incoming_key, created_at)"  # noqa: S608 - constants
            f" SELECT gen_random_uuid(), id, 'a.csv', 'text/csv', 'objects/{name}', 'incoming/{name}',"
            f" now() - interval '{age}' FROM users",
        )
    result = CliRunner().invoke(program, ["files", "check"])
    assert result.stdout.splitlines()[-3:-1] == ["Unfinished files: 1", "Objects without a file: 1"]
    removed = run("files", "clean").splitlines()[-2:]
    assert removed == ["Unfinished files removed: 1", "Objects without a file removed: 1"]
    assert [one.name for one in folder.iterdir()] == ["pending"]
