"""A server in a process of its own, the requests of many consumers to it, and what it learns of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import httpx2
from pydantic import SecretStr
from sqlalchemy import func, select

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.access.service import new_key
from app.impact.reader import ImpactReader
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.kit.db.statements import Read
from app.models import UsageDay, UsageElements, User
from app.settings.database import DatabaseSettings
from app.settings.usage import UsageSettings
from app.usage.contracts import read_contracts
from app.usage.evidence_reader import EvidenceReader
from app.usage.pseudonyms import Pseudonyms
from contracts.compat.impact.evidence import UsageEvidence
from tests.contracts.replay.consumers import STRICT, Draft, Habits
from tests.contracts.replay.recording import Recorded
from tests.contracts.replay.verdicts import ANONYMOUS, FOLDER
from tests.support.limits import POLICIES, set_plans
from tests.support.live import Strata
from tests.support.postgres import execute_as_owner
from tests.support.waiting import PATIENCE, eventually

Json = Any
FEW_SCOPES = ["posts:read", "posts:write"]
SECRET = "a secret of this deployment that is long enough"
_SHARES = (0.0, 0.05, 0.1, 0.2)
_COUNTED = Read(select(func.sum(UsageDay.requests)).where(UsageDay.feature == ""))
_OBSERVED = Read(select(func.sum(UsageElements.observed)))


@dataclass
class Caller:
    """A consumer with its key. `post` is the path of a post of its own.

    In later rounds it sometimes has other habits, which the first requests of an hour do not show.
    """

    uid: str
    headers: dict[str, str]
    random: Random
    scopes: tuple[str, ...]
    post: str = ""

    def __post_init__(self) -> None:
        self._habits, self._rare = Habits(self.random), Habits(self.random)
        self._share = self.random.choice(_SHARES)

    def drafts(self, number: int) -> Iterator[Draft]:
        """The requests of a round."""
        is_rare = number > UsageSettings().first_samples and self.random.random() < self._share
        return (self._rare if is_rare else self._habits).drafts(anonymous=not self.headers)


class Live:
    """The running server and its database. `sent` counts the requests to it."""

    def __init__(self, client: httpx2.AsyncClient, database: Database) -> None:
        self._client = client
        self._database = database
        self.sent = 0

    async def callers(self, seed: int, count: int) -> list[Caller]:
        """Consumers with random habits, and all anonymous callers."""
        found = [Caller(ANONYMOUS, {}, Random(f"{seed} anonymous"), ())]  # noqa: S311 - repeatable habits
        async with self._database.write() as session:
            for number in range(count):
                random = Random(f"{seed} {number}")  # noqa: S311 - the same
                scopes = FEW_SCOPES if random.random() < 0.5 else sorted(map(str, key_scopes()))
                name = f"c{number}"
                user = User(email=f"{name}@example.com", display_name=name, password_hash="", roles=[Role.AUTHOR.value])
                user.is_verified = True
                session.add(user)
                await session.flush()
                key, text = new_key(KeyDraft(user.id, "test", scopes), utc_now())
                session.add(key)
                await session.flush()
                found.append(Caller(str(key.uid), {"X-API-Key": text}, random, tuple(scopes)))
        return found

    async def record(self, everyone: Sequence[Caller], rounds: int = 1) -> list[Recorded]:
        """Send the requests of all consumers, and return those that were accepted."""
        recorded = []
        for caller in everyone:
            if caller.headers:
                body = {"title": "rock layers of a library", "content": "c", "status": "published"}
                first = Draft("POST", f"{STRICT}/posts", headers=(("Content-Type", "application/json"),), body=body)
                made = await self._send(caller, replace(first, reads=("id",)))
                assert made is not None
                caller.post = f"{STRICT}/posts/{made.response['id']}"
                recorded.append(replace(made, reads=(), response=None))
        for number in range(rounds):
            for caller in everyone:
                sent = [await self._send(caller, draft) for draft in caller.drafts(number)]
                recorded += [one for one in sent if one is not None]
        return recorded

    async def replay(self, recorded: Iterable[Recorded]) -> list[Recorded]:
        """The same requests with the responses to them now: what a list contains may have changed."""
        found = [await self.accept(one) for one in recorded]
        assert None not in found, "the unchanged application accepts every recorded request again"
        return [one for one in found if one is not None]

    async def accept(self, one: Recorded) -> Recorded | None:
        """Send a request again: with its response, or None if it is rejected."""
        url = f"{one.path}?{urlencode(one.query)}" if one.query else one.path
        self.sent += 1
        response = await self._client.request(one.method, url, headers=list(one.headers), content=one.content())
        if response.status_code >= 400:
            return None
        # Only what a consumer reads can break; many responses would occupy much memory.
        return replace(one, response=json.loads(response.content or b"null") if one.reads else None)

    async def _send(self, caller: Caller, draft: Draft) -> Recorded | None:
        path = caller.post if draft.path.endswith("/{}") else draft.path
        headers = (*draft.headers, *caller.headers.items())
        return await self.accept(
            Recorded(caller.uid, draft.method, path, draft.query, headers, draft.body, draft.reads, None, caller.scopes)
        )

    async def written(self, accepted: int | None) -> None:
        """Return when all requests are counted, and this many of them observed."""

        async def is_written() -> bool:
            counted = await self._database.reads.scalar(_COUNTED)
            observed = await self._database.reads.scalar(_OBSERVED)
            return (counted, observed) == (self.sent, observed if accepted is None else accepted)

        await eventually(is_written)

    async def evidence(self) -> UsageEvidence:
        """What is written."""
        today = utc_now().date()
        source = EvidenceReader(self._database.reads, read_contracts(FOLDER), Pseudonyms(SECRET))
        reader = ImpactReader(self._database.reads, source)
        return UsageEvidence.from_json(await reader.evidence(today - timedelta(days=1), today))


@asynccontextmanager
async def live(dsn: str, home: Path, settings: DatabaseSettings, **variables: str) -> AsyncIterator[Live]:
    """Serve the database."""
    await asyncio.to_thread(execute_as_owner, dsn, set_plans(POLICIES))
    strata = Strata(home, dsn, STRATA_HTTP__CURSOR_KEY=SECRET, STRATA_LIFECYCLE__USAGE_FLUSH="1", **variables)
    database = await Database.open(dsn, settings.model_copy(update={"url": SecretStr(dsn)}))
    try:
        with strata.serving() as url:
            async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client:
                yield Live(client, database)
    finally:
        await database.close()
