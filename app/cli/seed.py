"""``strata seed``: creates sample data, also in amounts large enough for measurements."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.access.passwords import PasswordHasher
from app.access.principal import Principal, Role
from app.cli.kit.environment import with_database
from app.cli.kit.output import say
from app.cli.kit.users import find_user, new_password, user_service
from app.events.recorder import EventRecorder
from app.kit.db.database import Database
from app.posts.commands import PostDraft
from app.posts.policy import PostPermission
from app.posts.service import PostService
from app.posts.views import PostStatus
from app.users.commands import UserDraft

_POSTS_IN_TRANSACTION: Final = 1000
_TRANSACTIONS: Final = 2
"""At once: PostgreSQL executes the statements of one while this process prepares those of the other."""
_NAMES: Final = ("Ada", "Barbara", "Claude", "Donald", "Edsger", "Frances", "Grace", "Hedy")
_WORDS: Final = [
    "strata",
    "basalt",
    "granite",
    "fossil",
    "river",
    "glacier",
    "valley",
    "delta",
    "sediment",
    "quartz",
    "ridge",
    "layer",
    "marble",
    "amber",
    "cliff",
    "desert",
    "erosion",
    "fault",
    "limestone",
    "magma",
    "mountain",
    "ocean",
    "pebble",
    "sandstone",
    "shale",
    "slate",
    "tide",
    "volcano",
    "canyon",
    "mineral",
    "crystal",
    "ancient",
    "slow",
    "deep",
    "folded",
    "pale",
    "red",
    "silent",
    "broken",
    "buried",
    "rising",
    "carved",
    "hidden",
    "cold",
    "bright",
]


def seed(
    posts: Annotated[int, typer.Option(min=1, help="Number of posts.")] = 1000,
    authors: Annotated[int, typer.Option(min=1, max=len(_NAMES), help="Number of authors.")] = 4,
    random_seed: Annotated[
        int, typer.Option(help="Seed of the random generator: the same seed creates the same posts.")
    ] = 1,
) -> None:
    """Create sample posts by sample authors: mostly published, some drafts, a few archived."""
    written = with_database(lambda database: _write(database, posts, _NAMES[:authors], random.Random(random_seed)))  # noqa: S311 - no secret
    say(f"Wrote {written} posts by {authors} authors (ada@seed.example and so on).")


async def _write(database: Database, count: int, names: tuple[str, ...], chance: random.Random) -> int:
    columns = (TextColumn("Writing posts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # The progress bar is on stderr, so that scripts can read stdout.
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("posts", total=count)
        writers = [await _author(database, name) for name in names]
        batches = _batches(count, writers, chance)

        async def write() -> None:
            for writer, drafts in batches:
                async with database.write() as session:
                    service = PostService(session, writer, EventRecorder(session, writer.user_uid))
                    await service.create_many(drafts)
                progress.advance(task, len(drafts))

        await asyncio.gather(*(write() for _ in range(_TRANSACTIONS)))
    return count


async def _author(database: Database, name: str) -> Principal:
    email = f"{name.lower()}@seed.example"
    user = await find_user(database, email)
    if user is None:
        async with database.write() as session:
            user = await user_service(session, PasswordHasher(1)).create(UserDraft(email, new_password(), name))
    return Principal(user.id, user.uid, (Role.AUTHOR,), frozenset({PostPermission.READ, PostPermission.WRITE}))


def _batches(
    count: int, writers: Sequence[Principal], chance: random.Random
) -> Iterator[tuple[Principal, list[PostDraft]]]:
    """The posts of each transaction with their author, the same for the same seed."""
    drafts = _drafts(count, chance)
    while batch := list(islice(drafts, _POSTS_IN_TRANSACTION)):
        yield chance.choice(writers), batch


def _drafts(count: int, chance: random.Random) -> Iterator[PostDraft]:
    states = [PostStatus.PUBLISHED] * 17 + [PostStatus.DRAFT] * 2 + [PostStatus.ARCHIVED]
    for _ in range(count):
        title = " ".join(chance.choices(_WORDS, k=chance.randint(2, 6))).capitalize()
        sentences = (" ".join(chance.choices(_WORDS, k=chance.randint(6, 14))) for _ in range(chance.randint(3, 9)))
        content = " ".join(f"{text.capitalize()}." for text in sentences)
        yield PostDraft(title=title, content=content, status=chance.choice(states))
