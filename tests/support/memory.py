"""Folders in memory for the databases of a run.

A clone of the template has 770 files. ext4 looks for a free inode past all that were deleted within the last minute, so
that a run which creates and drops hundreds of databases spends most of the time in it.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder is created with a name that nobody can predict
_LEAST: Final = 4 << 30
"""Bytes; a clone takes ten million, and containers often have little memory here."""
_PREFIX: Final = "strata-tests-"


def new_folder(owner: tuple[int, int] | None) -> Path | None:
    """Create a folder in memory, that belongs to this user and group or to the caller; None if memory is scarce.

    Removes those of processes that were killed.
    """
    if not _MEMORY.is_dir():
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    if shutil.disk_usage(_MEMORY).free < _LEAST:
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY))
    if owner is not None:
        os.chown(folder, *owner)
    return folder
