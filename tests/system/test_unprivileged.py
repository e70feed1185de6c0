"""``strata up`` as an unprivileged user, with all files below the home."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Strata
from tests.support.strata_up import processes_of, starting, survivors
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
USER = 65_534
"""The user ``nobody``: PostgreSQL rejects a user id without an account."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the whole suite runs as an unprivileged user already")


@pytest.fixture
def user_folder() -> Iterator[Path]:
    """A folder of the unprivileged user, which its parents permit to open."""
    folder = Path(tempfile.mkdtemp(prefix="strata-user-"))
    os.chown(folder, USER, USER)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(user_folder: Path) -> dict[str, str]:
    """Variables for this interpreter, or for a copy if the user cannot open its folder."""
    if can_run(sys.executable):
        return {"PYTHON": sys.executable}
    base, copy = Path(sys.base_prefix), user_folder / "python"
    version = f"python{sysconfig.get_python_version()}"
    ignore = shutil.ignore_patterns("site-packages", "test", "idlelib", "tkinter")
    shutil.copytree(
        base / "lib" / version, copy / "lib" / version, ignore=ignore, symlinks=True, copy_function=link_or_copy
    )
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, copy / "lib" / library.name)
    (copy / "bin").mkdir()
    shutil.copy2(base / "bin" / version, copy / "bin" / version)
    shutil.copytree(sysconfig.get_path("purelib"), user_folder / "packages", symlinks=True, copy_function=link_or_copy)
    for package in ("app", "versions", "observability", "contracts"):
        shutil.copytree(ROOT / package, user_folder / "code" / package, copy_function=link_or_copy)
    return {
        "PYTHON": str(copy / "bin" / version),
        "PYTHONPATH": f"{user_folder / 'code'}:{user_folder / 'packages'}",
        "LD_LIBRARY_PATH": str(copy / "lib"),
    }


def can_run(python: str) -> bool:
    """Whether the unprivileged user can import the command with this interpreter."""
    command = [python, "-P", "-c", "from app.cli.program import COMMANDS; list(COMMANDS)"]
    try:
        done = subprocess.run(
            command,
            user=USER,
            group=USER,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def link_or_copy(source: str, target: str) -> None:
    """Create a hard link, or a copy if the folders are on different file systems."""
    try:
        os.link(source, target, follow_symlinks=True)
    except OSError:
        shutil.copy2(source, target)


def test_an_unprivileged_user_has_all_files_below_the_home(user_folder: Path, environment: dict[str, str]) -> None:
    python = environment.pop("PYTHON")
    strata = Strata(user_folder / "home", HOME=str(user_folder), **environment)
    strata.command = (python, "-P", "-m", "app.cli")
    strata.options = {"user": USER, "group": USER, "extra_groups": []}
    before = [(path, path.stat().st_mode) for path in (user_folder, *user_folder.parents)]
    with starting(strata) as run:
        run.await_ready()
        run.write("Mine")
        assert run.titles() == ["Mine"]
        assert json.loads(strata.run("users", "list", "--json").stdout)[0]["email"] == run.credentials["admin_email"]
        owned = [process for process in processes_of(strata.home) if owner(process) == USER]
        assert len(owned) == len(processes_of(strata.home)) > 3
        assert run.end(signal.SIGINT) == 0
    assert survivors(strata.home) == {}
    found = [(path, path.lstat()) for path in (strata.home, *strata.home.rglob("*"))]
    assert {entry.st_uid for _, entry in found} == {USER}
    assert [path for path, entry in found if stat.S_ISLNK(entry.st_mode)] == [], "no file is outside the home"
    assert stat.S_IMODE(strata.home.stat().st_mode) == 0o700
    assert (strata.home / "postgres/data/PG_VERSION").exists()
    assert [(path, path.stat().st_mode) for path in (user_folder, *user_folder.parents)] == before


def owner(process: int) -> int:
    return Path(f"/proc/{process}").stat().st_uid
