"""Records the database of a home that the present code has written: ``python -m tests.upgrades.record 2026-11``.

A release adds one recording before the next migration is written. ``test_upgrade.py`` migrates every recording.
"""

import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from app.kit.clock import utc_now
from app.kit.db.embedded import EmbeddedPostgres
from app.kit.db.embedded_layout import resolve_layout
from tests.support.dialects import DIALECTS
from tests.support.live import Strata
from tests.support.registries import DEPRECATED
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import WIRE
from tests.upgrades.home import (
    ADMIN,
    DEACTIVATED,
    FORGETFUL,
    HOMES,
    IDEMPOTENCY_KEY,
    PASSWORD,
    POST,
    SECRETS,
    SPELLINGS,
    UNVERIFIED,
)


def record(name: str) -> Path:
    """Write ``homes/<name>.sql``: tables and rows as SQL statements."""
    with tempfile.TemporaryDirectory(prefix="strata-record-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        server = EmbeddedPostgres(home)
        try:
            dsn = server.start()
            _fill(Strata(home, dsn, **SECRETS, STRATA_AUTH__LOGINS_PER_MINUTE="1000"))
            target = HOMES / f"{name}.sql"
            target.write_text(_dump(resolve_layout(home).programs / "pg_dump", dsn))
        finally:
            server.destroy()
    return target


def _fill(strata: Strata) -> None:
    """Write rows of every table. The worker stops before the last requests, so their jobs stay queued."""
    strata.run("migrate", "up")
    strata.run("users", "create", ADMIN, "--role", "admin", "--password", PASSWORD)
    admin = {"X-API-Key": strata.json("keys", "create", ADMIN, "--name", "operations")["key"]}
    with strata.serving() as url, httpx2.Client(base_url=url, timeout=PATIENCE) as client:
        with strata.running("worker"):
            _create_users(client, strata)
        _register(client, UNVERIFIED, PASSWORD)
        client.post("/api/v2/auth/password-resets", json={"email": FORGETFUL}).raise_for_status()
        headers = admin | {"Idempotency-Key": IDEMPOTENCY_KEY}
        client.post("/api/v2/posts", json=POST, headers=headers).raise_for_status()
        client.post("/api/v2/posts", json=POST | {"status": "draft"}, headers=admin).raise_for_status()
    start = utc_now() + timedelta(days=3)
    window = ("--from", f"{start:%FT%T}", "--until", f"{start + timedelta(hours=1):%FT%T}")
    for version in DEPRECATED:
        strata.run("versions", "brownout", version.name, *window)
        strata.run("versions", "consent", version.name, ADMIN, "--note", "ticket 1")


def _create_users(client: httpx2.Client, strata: Strata) -> None:
    mailboxes: set[str] = set()
    for spelling in SPELLINGS:
        if spelling.mailbox in mailboxes:
            strata.run("users", "create", spelling.email, "--password", spelling.password)
        else:
            _register(client, spelling.email, spelling.password)
            mailboxes.add(spelling.mailbox)
            token = _mailed(strata, len(mailboxes))
            client.post("/api/v2/auth/verifications", json={"token": token}).raise_for_status()
        _use(client, strata, spelling.email, spelling.password)
    for email in (DEACTIVATED, FORGETFUL):
        strata.run("users", "create", email, "--password", PASSWORD)
    _use(client, strata, DEACTIVATED, PASSWORD)
    strata.run("users", "deactivate", DEACTIVATED, "--yes")


def _mailed(strata: Strata, number: int) -> str:
    """The token of the mail with this number, the oldest being 1."""
    wait_until(lambda: len(strata.json("mail")) >= number)
    token: str = strata.json("mail")[-number]["token"]
    return token


def _register(client: httpx2.Client, email: str, password: str) -> None:
    DIALECTS[WIRE].register(email, password, "Recorded").send(client).raise_for_status()


def _use(client: httpx2.Client, strata: Strata, email: str, password: str) -> None:
    """Sign in twice, refresh one session and end the other, publish a post, and create two keys."""
    first, second = (_tokens(client, email, password) for _ in range(2))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    client.post("/api/v2/auth/token", data=form).raise_for_status()
    client.post("/api/v2/auth/revoke", data={"token": second["refresh_token"]}).raise_for_status()
    key = {"X-API-Key": strata.json("keys", "create", email, "--name", "reader", "--days", "300")["key"]}
    client.post("/api/v2/posts", json={"title": "By a key", "content": "", "status": "published"}, headers=key)
    revoked = strata.json("keys", "create", email, "--name", "revoked")["id"]
    strata.run("keys", "revoke", revoked, "--yes")


def _tokens(client: httpx2.Client, email: str, password: str) -> dict[str, Any]:
    form = {"grant_type": "password", "username": email, "password": password}
    response = client.post("/api/v2/auth/token", data=form)
    response.raise_for_status()
    tokens: dict[str, Any] = response.json()
    return tokens


def _dump(program: Path, dsn: str) -> str:
    options = ("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50")
    done = subprocess.run([program, *options, dsn], capture_output=True, text=True, timeout=PATIENCE, check=True)
    # psql's own commands begin with a backslash; the test sends the file as SQL.
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("\\"))


if __name__ == "__main__":
    print(record(sys.argv[1]))  # noqa: T201 - the output of a command
