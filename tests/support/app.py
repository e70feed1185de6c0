"""The application under test, and users created through its services."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx2
import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.access.commands import KeyDraft
from app.access.passwords import PasswordHasher
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.access.service import new_key
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.kit.db.database import UnitOfWork
from app.kit.db.sessions import WriteSession
from app.kit.mail.message import Mail
from app.kit.queue.job_queue import uid_in
from app.kit.queue.kinds import JobHandler, Result
from app.kit.queue.schedules import WorkerResources
from app.kit.storage.opening import open_store
from app.kit.storage.store import ObjectStore
from app.models import User
from app.wiring import job_handlers
from observability.metrics.metrics import Metrics
from tests.support.contract import ContractClient
from tests.support.mails import words_of

PASSWORD = "correct horse battery"


class WithState:
    """Runs requests with the state of a lifespan."""

    def __init__(self, app: ASGIApp, state: Mapping[str, Any]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "state": dict(self._state)}, receive, send)


@dataclass(frozen=True)
class Person:
    """A user with an API key."""

    user: User
    key: str
    headers: dict[str, str]
    key_uid: UUID


class Outbox:
    """A mailer that collects mails. The HTML of each must say what its text says."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        assert mail.html is None or "".join(words_of(mail.html)) == "".join(mail.text.split())
        self.mails.append(mail)


class DirectRun:
    """An attempt that nothing supersedes, without a row in ``jobs``."""

    done = 0

    def __init__(self, database: UnitOfWork, params: Mapping[str, Any]) -> None:
        self.uid = uuid7()
        self.params = params
        self._database = database

    async def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Store nothing."""

    def step(self, _done: int) -> AbstractAsyncContextManager[WriteSession]:
        """A transaction."""
        return self._database.write()

    def completing(self, _result: Result = None) -> AbstractAsyncContextManager[WriteSession]:
        """A transaction."""
        return self._database.write()


class TestApp:
    """One application over one database, with clients and users for tests."""

    __test__ = False
    """pytest would otherwise collect this class as tests."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.runtime = runtime
        self.app = WithState(app, runtime.state())
        self.outbox = Outbox()

    @cached_property
    def store(self) -> ObjectStore:
        """The object store of the worker."""
        return open_store(self.runtime.settings, Metrics())

    def client(self, headers: dict[str, str] | None = None) -> ContractClient:
        """A client that checks every response against the contract."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        return ContractClient(transport=transport, base_url="http://strata.test", headers=headers)

    async def person(self, email: str, *roles: Role, verified: bool = True, scopes: list[str] | None = None) -> Person:
        """A user with these roles (author by default), and an API key with all scopes."""
        hashed = await PasswordHasher(2).hash(PASSWORD)
        async with self.runtime.database.write() as session:
            user = User(
                email=email,
                display_name=email.partition("@")[0].title(),
                password_hash=hashed,
                roles=[role.value for role in roles or (Role.AUTHOR,)],
                is_verified=verified,
            )
            session.add(user)
            await session.flush()
            draft = KeyDraft(user.id, "test", sorted(key_scopes()) if scopes is None else scopes)
            # Not through the service, whose event would be in the way of tests of events.
            key, text = new_key(draft, utc_now())
            session.add(key)
        return Person(user, text, {"X-API-Key": text}, key.uid)

    async def session(self, person: Person) -> dict[str, str]:
        """Headers with an access token of a new session, which unlike a key may change credentials."""
        form = {"grant_type": "password", "username": person.user.email, "password": PASSWORD}
        async with self.client() as client:
            response = await client.post("/api/v2/auth/token", data=form)
        return {"Authorization": f"Bearer {response.json()['access_token']}"}

    async def expire_mailed_tokens(self) -> None:
        """Let every mailed token expire a second ago."""
        async with self.runtime.database.write() as session:
            driver = await session.driver()
            for table in ("action_tokens", "pending_registrations"):
                await driver.execute(f"UPDATE {table} SET expires_at = now() - interval '1 second'")  # noqa: S608 - constants

    async def queued_jobs(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Take the queued jobs, oldest first: the name of the kind and the parameters."""
        async with self.runtime.database.write() as session:
            driver = await session.driver()
            carried = await driver.fetch("DELETE FROM pgqueuer RETURNING id, entrypoint, payload")
            rows = await driver.fetch(
                "UPDATE jobs SET status = 'succeeded', finished_at = created_at WHERE status = 'queued'"
                " RETURNING id, kind, params::text AS params"
            )
        # The previous release wrote the parameters into the queue itself.
        older = [(row["id"], row["entrypoint"], orjson.loads(row["payload"])) for row in carried]
        return [
            *((kind, params) for _, kind, params in sorted(older, key=lambda job: job[0]) if uid_in(params) is None),
            *((row["kind"], orjson.loads(row["params"])) for row in sorted(rows, key=lambda row: row["id"])),
        ]

    def job_handlers(self) -> Mapping[str, Callable[[Mapping[str, Any]], Awaitable[object]]]:
        """Functions that run a job of a kind with its parameters, as the worker does; mails are collected."""
        resources = WorkerResources(self.runtime.settings, self.runtime.database, Metrics(), self.outbox, self.store)

        def runner(handler: JobHandler) -> Callable[[Mapping[str, Any]], Awaitable[object]]:
            return lambda params: handler(DirectRun(self.runtime.database, params))

        return {kind.name: runner(handler) for kind, handler in job_handlers(resources).items()}

    async def deliver(self) -> list[Mail]:
        """Run the queued jobs, and the jobs that they enqueue, as the worker does; return the mails."""
        handlers = self.job_handlers()
        while jobs := await self.queued_jobs():
            for name, params in jobs:
                await handlers[name](params)
        sent, self.outbox.mails = self.outbox.mails, []
        return sent


def token_of(mail: Mail) -> str:
    """The token in a mail."""
    return mail.text.split("Token: ")[1].split()[0]
