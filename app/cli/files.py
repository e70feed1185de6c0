"""``strata files``: stores files for users, and removes what crashes have left in the store."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import CommandError, say
from app.cli.kit.users import existing_user
from app.files.housekeeping import FileHousekeeping
from app.files.storing import FileStorage, StoredContent
from app.kit.db.database import Database
from app.kit.storage.opening import open_store
from observability.metrics.metrics import Metrics
from versions.kit.typeid import encode

commands = typer.Typer(help="Store files for users; check and clean the object store.", no_args_is_help=True)
_PREFIX: Final = "file"
_CHUNK_BYTES: Final = 1024 * 1024
_TASK: Final = TaskID(0)
_LISTED: Final = 100
"""Files whose ids are shown."""


@commands.command()
def add(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to store.")],
    owner: Annotated[str, typer.Option(metavar="USER", help="E-mail address or sequential id of its owner.")],
) -> None:
    """Store a file for a user, and print its id. A job `csv_import` of that user can read it."""
    if not path.is_file():
        message = f"PATH must be a file, got '{path}'"
        raise CommandError(message)
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"

    async def run(database: Database) -> StoredContent:
        user = await existing_user(database, owner)
        storage = FileStorage(database, open_store(read_settings(), Metrics()))
        content = await storage.store_chunks(user.id, path.name, content_type, _chunks(path))
        async with storage.abandoned_on_error(content.file), database.write() as session:
            if not await storage.finish(session, content):
                message = f"The user {owner} was deleted meanwhile"
                raise CommandError(message)
        return content

    say(encode(_PREFIX, with_database(run).file))


@commands.command()
def check() -> None:
    """Count what the store should not contain, and files without their content. The exit code is 1 if any.

    Unfinished files and objects without a file are counted when they are older than two hours.
    """

    async def run(database: Database) -> tuple[int, int, list[str]]:
        housekeeping = FileHousekeeping(database, open_store(read_settings(), Metrics()))
        orphans, damaged = 0, list[str]()
        with _progress() as progress:
            async for found in housekeeping.orphans():
                orphans += len(found)
                progress.update(_TASK, description=f"Objects without a file: {orphans}")
            async for files in housekeeping.without_content():
                damaged += [encode(_PREFIX, file.uid) for file in files]
                progress.update(_TASK, description=f"Files without their content: {len(damaged)}")
        return await housekeeping.count_unfinished(), orphans, damaged

    unfinished, orphans, damaged = with_database(run)
    say(
        f"Unfinished files: {unfinished}",
        f"Objects without a file: {orphans}",
        f"Files without their content: {len(damaged)}",
        *damaged[:_LISTED],
    )
    if damaged:
        message = "The store lacks the content of files"
        raise CommandError(message, "Restore the objects from a backup of the store, or delete these files.")
    if unfinished or orphans:
        message = "The store contains what no file needs"
        raise CommandError(message, "A worker removes it every hour; `strata files clean` removes it now.")


@commands.command()
def clean() -> None:
    """Remove unfinished files and objects without a file that are older than two hours, as a worker does every hour."""

    async def run(database: Database) -> tuple[int, int]:
        housekeeping = FileHousekeeping(database, open_store(read_settings(), Metrics()))
        with _progress() as progress:
            unfinished = await housekeeping.remove_unfinished()
            progress.update(_TASK, description=f"Unfinished files removed: {unfinished}")
            return unfinished, await housekeeping.remove_orphans()

    unfinished, orphans = with_database(run)
    say(f"Unfinished files removed: {unfinished}", f"Objects without a file removed: {orphans}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A spinner on stderr, with the time."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task("Reading the store", total=None)
        yield progress


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
