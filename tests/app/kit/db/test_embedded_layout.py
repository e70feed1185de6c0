"""The folders, links, logs and process ids of the embedded server, without a server."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Final

import pytest

from app.kit.db import embedded, embedded_process
from app.kit.db.embedded import EmbeddedPostgres
from app.kit.db.embedded_layout import EmbeddedPostgresError, Layout, link, orphaned
from app.kit.db.embedded_process import alive, first_number, is_server, wait_for_orphans

NAME: Final = "strata-0123"


def layout_of(path: Path, *, outside: bool = False) -> Layout:
    """The layout of a server in its home, or of one whose data is outside, as for root."""
    home = path / "home"
    home.mkdir(exist_ok=True)
    folder = path / "service" if outside else home / "postgres"
    folder.mkdir(exist_ok=True)
    return Layout(NAME, home, folder, path / "programs", (os.geteuid(), os.getegid()) if outside else None)


@pytest.mark.parametrize("outside", [False, True])
def test_a_private_folder_is_open_for_its_owner_only(tmp_path: Path, *, outside: bool) -> None:
    layout, path = layout_of(tmp_path, outside=outside), tmp_path / "run"
    for _ in range(2):
        assert layout.private_folder(path) == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o740, 0o777])
def test_a_folder_that_is_open_to_others_is_not_used(tmp_path: Path, mode: int) -> None:
    """Who may write to it could put a socket of another server there."""
    path = tmp_path / "run"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(EmbeddedPostgresError, match=f"{path} belongs to someone else or is open to others"):
        layout_of(tmp_path).private_folder(path)


def test_a_link_or_the_folder_of_another_account_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(EmbeddedPostgresError):
        layout_of(tmp_path).private_folder(tmp_path / "link")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(EmbeddedPostgresError):
        layout_of(tmp_path).private_folder(tmp_path / "target")


def test_a_socket_is_beside_the_data_if_its_path_is_valid() -> None:
    rest = len("/run/.s.PGSQL.5432")

    def socket_folder(folder: str) -> Path:
        return Layout(NAME, Path("/home"), Path(folder), Path("/programs"), None).socket_folder

    longest = "/" + "a" * (107 - rest - 1)
    assert socket_folder(longest) == Path(longest) / "run"
    temporary = socket_folder(f"{longest}a")
    assert temporary.name == f"{NAME}-{os.geteuid()}"
    for folder in ("/a,b", "/a:b", "/a b", "/\u00e9"):
        assert socket_folder(folder) == temporary, folder


def test_a_home_leads_to_its_own_data_only(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, outside=True)
    for _ in range(2):
        link(layout)
        assert (layout.home / "postgres").readlink() == layout.folder
    (layout.home / "postgres").unlink()
    (layout.home / "postgres").symlink_to(tmp_path / "other")
    with pytest.raises(EmbeddedPostgresError, match=f"leads to {tmp_path / 'other'}, the database of another home"):
        link(layout)
    inside = layout_of(tmp_path / "home")
    link(inside)
    assert not (inside.home / "postgres").is_symlink()


def test_data_without_the_link_of_its_home_is_abandoned(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, outside=True)
    assert not orphaned(layout), "the server has no data"
    layout.data.mkdir()
    assert orphaned(layout)
    link(layout)
    assert not orphaned(layout)
    inside = layout_of(tmp_path / "home")
    inside.data.mkdir()
    assert not orphaned(inside)


def test_the_process_id_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "postmaster.pid"
    assert first_number(path) is None
    for content, number in (("", None), ("12", 12), ("123\n456\n", 123), ("a\n1\n", None)):
        path.write_text(content)
        assert first_number(path) == number
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert (alive(os.getpid()), alive(ended.pid)) == (True, False)


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the command lines of processes, in place of that of the system."""
    folder = tmp_path / "proc"
    for name, command in (
        ("self", "python"),
        ("7", f"postgres\0-c\0cluster_name={NAME}\0"),
        ("8", "postgres\0-c\0cluster_name=other\0"),
        ("9", "postgres: other: checkpointer "),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "cmdline").write_text(command)
    monkeypatch.setattr(embedded_process, "_PROCESSES", folder)
    return folder


def test_a_server_is_known_by_its_command_line(processes: Path) -> None:
    assert [is_server(pid, NAME) for pid in (7, 8, 9, 10)] == [True, False, False, False]
    (processes / "self").rename(processes / "none")
    assert is_server(8, NAME), "a system without command lines"


def test_the_children_of_a_dead_server_are_waited_for(processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_orphans(NAME, -1)
    (processes / "11").mkdir()
    child = processes / "11" / "cmdline"
    child.write_text(f"postgres: {NAME}: checkpointer ")
    with pytest.raises(EmbeddedPostgresError, match=f"'postgres: {NAME}: ' outlived their server"):
        wait_for_orphans(NAME, -1)
    monkeypatch.setattr(embedded_process.time, "sleep", lambda _seconds: child.unlink())
    wait_for_orphans(NAME, 60)
    assert not child.exists()


def test_only_the_process_id_of_a_foreign_process_is_removed(
    tmp_path: Path, processes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads that of a dead one to find the children of its predecessor."""
    layout, waited = layout_of(tmp_path), list[str]()
    server, path = EmbeddedPostgres(layout.home), layout.data / "postmaster.pid"
    layout.data.mkdir()
    monkeypatch.setattr(embedded, "wait_for_orphans", lambda name, _seconds: waited.append(name))
    for process, living, kept in ((7, True, True), (8, False, True), (8, True, False)):
        path.write_text(f"{process}\n")
        monkeypatch.setattr(embedded, "alive", lambda _pid, living=living: living)
        server._discard_foreign_pid(layout)
        assert path.exists() is kept
    assert waited == [NAME]
    assert processes.exists()


def test_a_log_is_readable_for_its_owner_only_and_is_replaced_when_it_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_LARGEST_LOG", 4)
    server, before = EmbeddedPostgres(tmp_path), os.umask(0)
    try:
        with server._open_log() as log:
            os.write(log, b"1234")
    finally:
        os.umask(before)
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600
    server._rotate_log()
    with server._open_log() as log:
        os.write(log, b"5")
    assert server.log.read_text() == "12345", "lines are added"
    server._rotate_log()
    assert not server.log.exists()
    assert (tmp_path / "postgres.log.1").read_text() == "12345"
