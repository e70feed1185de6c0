"""The worker sends mail despite crashes, rejections and lost databases between commit and delivery."""

import asyncio
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.kit.queue.kinds import HOUSEKEEPING
from tests.support.app import PASSWORD
from tests.support.database_proxy import database_proxy
from tests.support.live import Strata, free_port
from tests.support.postgres import clone, database_url, end_sessions
from tests.support.waiting import PATIENCE

SECONDS = PATIENCE


class Inbox:
    """A handler of aiosmtpd that collects mails, and can reject them or block their delivery.

    It rejects the first ``reject`` deliveries, and blocks while ``open`` is not set.
    """

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.reject = 0
        self.rejected = 0
        self.open = asyncio.Event()
        self.open.set()
        self.reached = asyncio.Event()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.reached.set()
        if self.reject > self.rejected:
            self.rejected += 1
            return "451 try again later"
        await self.open.wait()
        self.mails.append(envelope)
        return "250 OK"


@asynccontextmanager
async def smtp(inbox: Inbox) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        inbox.open.set()
        server.close()


@pytest_asyncio.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "worker")


@pytest.fixture
def strata(dsn: str, tmp_path: Path) -> Strata:
    return Strata(tmp_path / "home", dsn, STRATA_WORKER__FIRST_DELAY="0.2", STRATA_WORKER__HEARTBEAT="2")


async def wait_until(condition: Callable[[], Any], strata: Strata, command: str = "worker") -> None:
    deadline = asyncio.get_running_loop().time() + SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, strata.log(command)
        await asyncio.sleep(0.1)


def register(url: str, email: str) -> None:
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    assert httpx2.post(f"{url}/api/v2/auth/registrations", json=body, timeout=PATIENCE).status_code == 202


def smtp_settings(port: int) -> dict[str, str]:
    return {"STRATA_MAIL__HOST": "127.0.0.1", "STRATA_MAIL__PORT": str(port), "STRATA_MAIL__SECURITY": "none"}


async def test_a_worker_killed_during_delivery_loses_no_mail(strata: Strata) -> None:
    inbox = Inbox()
    inbox.open.clear()
    async with smtp(inbox) as port:
        with strata.serving() as url:
            await asyncio.to_thread(register, url, "ada@example.com")
            assert inbox.mails == [], "no worker runs yet"
            with strata.running("worker", **smtp_settings(port)) as worker:
                await asyncio.wait_for(inbox.reached.wait(), SECONDS)
                worker.send_signal(signal.SIGKILL)
                worker.wait(10)
            assert inbox.mails == [], "the first worker was killed before the server accepted the mail"
            inbox.open.set()
            with strata.running("worker", **smtp_settings(port)):
                await wait_until(lambda: len(inbox.mails) >= 1, strata)
            message = message_from_bytes(inbox.mails[-1].content, policy=policy.default)
            assert message["To"] == "ada@example.com"
            body = message.get_body(("plain",))
            assert body is not None
            text = body.get_content()
            token = re.search(r"^Token: (\S+)", text, re.MULTILINE)[1]
            assert f"/verify#token={token}" in text
            assert (
                httpx2.post(f"{url}/api/v2/auth/verifications", json={"token": token}, timeout=PATIENCE).status_code
                == 204
            )
    logs = strata.log("worker") + strata.log("serve")
    assert token not in logs
    assert "ada@example.com" not in logs


async def test_a_rejected_mail_is_retried(strata: Strata, dsn: str) -> None:
    inbox = Inbox()
    inbox.reject = 2
    async with smtp(inbox) as port:
        with strata.serving() as url, strata.running("worker", **smtp_settings(port)):
            await asyncio.to_thread(register, url, "ada@example.com")
            await wait_until(lambda: inbox.mails, strata)
    assert inbox.rejected == 2
    assert strata.log("worker").count('"event":"job_failed"') == 2
    connection = await asyncpg.connect(dsn)
    queued = {row["entrypoint"] for row in await connection.fetch("SELECT entrypoint FROM pgqueuer")}
    # A schedule may have enqueued housekeeping meanwhile.
    assert queued <= {HOUSEKEEPING.name}, "a sent mail leaves the queue"
    logged = await connection.fetch("SELECT traceback::text FROM pgqueuer_log WHERE traceback IS NOT NULL")
    await connection.close()
    assert len(logged) == 2
    assert not any("ada@example.com" in f"{text} {strata.log('worker')}" for text in logged)


async def test_a_worker_that_loses_its_database_connects_again(strata: Strata, dsn: str) -> None:
    with strata.serving() as url, strata.running("worker") as worker:
        for number in range(1, 4):
            await wait_until(lambda due=number: strata.log("worker").count('"worker_connected"') == due, strata)
            await end_sessions(dsn)
        await wait_until(lambda: strata.log("worker").count('"worker_connected"') == 4, strata)
        assert strata.log("worker").count('"worker_disconnected"') == 3
        await asyncio.to_thread(register, url, "ada@example.com")
        await wait_until(lambda: strata.json("mail"), strata)
        assert worker.poll() is None


@pytest.mark.parametrize("command", ["serve", "worker", "up"])
async def test_a_process_that_starts_while_the_database_is_down_waits_for_it(
    dsn: str, tmp_path: Path, command: str
) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="strata-proxy-") as folder:
        async with database_proxy(dsn, Path(folder)) as proxy:
            await proxy.stop()
            strata = Strata(tmp_path / "home", proxy.dsn, STRATA_LOG__FORMAT="json")
            with strata.running(command, PORT=str(port)) as process:
                await wait_until(lambda: strata.log(command).count('"database_unavailable"') >= 2, strata, command)
                await proxy.start()
                started = {"worker": "worker_connected", "serve": "Application startup complete", "up": "Strata is up."}
                await wait_until(lambda: started[command] in strata.log(command), strata, command)
                assert process.poll() is None


@pytest.mark.parametrize("command", ["serve", "worker", "up"])
async def test_a_process_that_waits_for_the_database_ends_at_once_when_asked(tmp_path: Path, command: str) -> None:
    strata = Strata(tmp_path / "home", "postgresql://strata@127.0.0.1:1/strata", STRATA_LOG__FORMAT="json")
    with strata.running(command, PORT=str(free_port())) as process:
        await wait_until(lambda: '"database_unavailable"' in strata.log(command), strata, command)
        process.terminate()
        assert await asyncio.to_thread(process.wait, SECONDS) == 0


@pytest.mark.parametrize("command", ["serve", "worker", "up"])
async def test_wrong_settings_of_the_database_are_an_error_at_once(dsn: str, tmp_path: Path, command: str) -> None:
    strata = Strata(tmp_path / "home", database_url(dsn, "no_such_database"), PORT=str(free_port()))
    failed = await asyncio.to_thread(strata.run, command, expect=1)
    assert "does not exist" in failed.stderr
    assert "strata doctor" in failed.stderr


async def test_mail_is_sent_once_the_mail_server_is_reconfigured(strata: Strata) -> None:
    port = free_port()
    with strata.serving() as url:
        await asyncio.to_thread(register, url, "ada@example.com")
        with strata.running("worker", **smtp_settings(port)):
            await wait_until(lambda: '"event":"job_failed"' in strata.log("worker"), strata)
        with strata.running("worker"):
            await wait_until(lambda: strata.json("mail"), strata)
    mails = strata.json("mail")
    assert [sorted(mail) for mail in mails] == [["links", "subject", "text", "to", "token"]]
    assert mails[0]["to"] == "ada@example.com"
    assert mails[0]["links"][0].endswith(f"/verify#token={mails[0]['token']}")
