"""A valid request for every write of every version, from ``write_requests/vN.py``."""

from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from typing import Any

import httpx2
from sqlalchemy import text

from app.ledger.views import AccountView
from tests.support.app import PASSWORD, Person, TestApp, token_of
from tests.support.bank import Bank
from versions.registry import VERSIONS

Request = tuple[str, str, dict[str, Any]]
"""Method, URL and the options of the client."""
NEW_PASSWORD = "another horse battery"
NOBODY, ADA, ROOT, ROOT_KEY, NEW = "nobody", "ada", "root", "a key of root", "a new user"
"""Who caused an event."""
DRAFT = {"title": "T", "content": "C", "status": "published"}


class Scene:
    """Objects for one request: a user of its own, an admin, and their credentials."""

    def __init__(self, test_app: TestApp, root: Person, ada: Person, session: dict[str, str]) -> None:
        self.test_app = test_app
        self.root = root
        self.ada = ada
        self.session = session
        """Of Ada."""
        self.email = ada.user.email
        self.new_email = ""
        self.name = ""

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        async with self.test_app.client(options.pop("headers", self.session)) as client:
            return await client.request(method, url, **options)

    async def post(self) -> dict[str, Any]:
        made: dict[str, Any] = (await self.send("POST", "/api/v2/posts", json=DRAFT)).json()
        return made

    async def money(self) -> tuple[AccountView, AccountView]:
        """An account of Ada with 100.00 EUR, and one of the admin."""
        bank = Bank(self.test_app.runtime.database)
        return await bank.open(self.ada.user, funds="100"), await bank.open(self.root.user)

    async def uid(self) -> str:
        return str((await self.send("GET", "/api/v2/me")).json()["id"])

    async def token(self, path: str, **body: str) -> str:
        """The token of the mail that a request leads to."""
        await self.send("POST", path, json=body, headers={})
        return token_of((await self.test_app.deliver())[-1])

    async def refresh_token(self) -> str:
        form = {"grant_type": "password", "username": self.email, "password": PASSWORD}
        return str((await self.send("POST", "/api/v2/auth/token", data=form, headers={})).json()["refresh_token"])

    def as_ada(self, **options: Any) -> dict[str, Any]:
        return {"headers": self.session, **options}

    def as_root(self, **options: Any) -> dict[str, Any]:
        return {"headers": self.root.headers, **options}


Write = tuple[str, str, Callable[[Scene], Awaitable[Request]]]


def _writes() -> Iterator[Write]:
    for version in VERSIONS:
        for operation, build in import_module(f"tests.support.write_requests.{version.name}").WRITES:
            yield version.name, operation, build


WRITES: list[Write] = list(_writes())
"""Version, operation, and a function that builds a valid request for it."""
ENDS_A_USER = {
    "users.delete",
    "admin.delete_user",
    "password_resets.confirm",
    "me.set_password",
    "tokens.revoke",
    "sessions.delete",
}
"""Operations whose success ends the sessions of the user; later requests need another one."""


async def scene_of(test_app: TestApp, root: Person, number: int) -> Scene:
    ada = await test_app.person(f"ada{number}@example.com")
    return Scene(test_app, root, ada, await test_app.session(ada))


async def recorded(test_app: TestApp) -> list[Any]:
    """The recorded events, oldest first."""
    async with test_app.runtime.database.write() as session:
        return list(
            await session.execute(
                text("SELECT id, type, actor_uid, payload, subject_uid, owner_uid FROM events ORDER BY id")
            )
        )


async def audited(test_app: TestApp) -> list[Any]:
    """The rows of the audit trail, oldest first."""
    async with test_app.runtime.database.write() as session:
        return list(await session.execute(text("SELECT * FROM audit_events ORDER BY at, uid")))
