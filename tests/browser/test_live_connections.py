"""Chromium's own ``EventSource`` and ``WebSocket`` across a restart of the server: nothing is lost or repeated."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio
from playwright.async_api import Page

from tests.support.app import PASSWORD
from tests.support.browser import new_page
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.sockets import socket
from tests.support.waiting import PATIENCE

BEFORE, MEANWHILE, AFTER = 3, 4, 3
"""How many posts are published, or messages written, before the restart, without the server, and after it."""
ROOM = {"channel": "rooms/lobby"}
EVENT_SOURCE = """async ({token, types}) => {
    const headers = {Authorization: `Bearer ${token}`};
    const started = await fetch('/api/v2/stream-sessions', {method: 'POST', headers});
    if (started.status !== 201) throw new Error(await started.text());
    window.received = [];
    window.source = new EventSource('/api/v2/stream?types=' + types.join(','));
    for (const type of types)
        source.addEventListener(type, event => received.push([event.lastEventId, JSON.parse(event.data).id]));
    await new Promise(resolve => source.addEventListener('open', resolve, {once: true}));
}"""
WEB_SOCKET = """async ({token, channel}) => {
    window.received = [];
    let last = null;
    const connect = opened => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/v2/ws', 'strata.v2');
        const send = request => socket.send(JSON.stringify(request));
        socket.onopen = () => send({op: 'authenticate', ref: '1', token});
        socket.onclose = () => setTimeout(connect, 100);
        socket.onmessage = ({data}) => {
            const message = JSON.parse(data);
            if (message.op === 'ack' && message.ref === '1') send({op: 'subscribe', ref: '2', channel, after: last});
            else if (message.op === 'ack') {
                last ??= message.position;
                opened?.();
            } else if (message.op === 'message') {
                last = message.position;
                if (message.kind === 'message') received.push([message.position, message.text]);
            } else received.push(message);
        };
    };
    await new Promise(connect);
}"""


@dataclass
class Stage:
    """Two servers over one database: the browser uses one that restarts, the test writes through the other."""

    strata: Strata
    port: int
    other: str
    key: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ready(self, process: Any) -> None:
        await asyncio.to_thread(wait_until_ready, self.url, process, lambda: self.strata.log("serve"))

    async def publish(self, count: int) -> list[str]:
        """The ids of new posts, in the order of their events."""
        async with httpx2.AsyncClient(base_url=self.other, headers=self.key, timeout=PATIENCE) as client:
            posts = [
                await client.post("/api/v2/posts", json={"title": f"Post {n}", "content": "c", "status": "published"})
                for n in range(count)
            ]
        return [post.json()["id"] for post in posts]

    async def token(self) -> str:
        """An access token of a user who signs in with a password."""
        email = "ada@example.com"
        body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
        async with httpx2.AsyncClient(base_url=self.other, timeout=PATIENCE) as client:
            assert (await client.post("/api/v2/auth/registrations", json=body)).status_code == 202
            mails: list[dict[str, Any]] = []
            async with asyncio.timeout(PATIENCE):
                while not mails:
                    mails = await asyncio.to_thread(self.strata.json, "mail", "--to", email)
            token = mails[0]["links"][0].partition("#token=")[2]
            assert (await client.post("/api/v2/auth/verifications", json={"token": token})).is_success
            form = {"grant_type": "password", "username": email, "password": PASSWORD}
            found: str = (await client.post("/api/v2/auth/token", data=form)).json()["access_token"]
            return found


@pytest_asyncio.fixture
async def stage(admin_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    program("chromium")
    strata = Strata(tmp_path / "home", await clone(admin_dsn, "live"))
    key = dict(api_key(strata))
    with strata.running("worker"), strata.serving() as other:
        yield Stage(strata, free_port(), other, key)


async def received(page: Page, count: int) -> list[list[Any]]:
    """What the page has received, once it is that much. The policy of the page forbids functions that wait."""
    found: list[list[Any]] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            await asyncio.sleep(0.1)
            found = await page.evaluate("received")
    return found


async def test_an_event_source_continues_after_a_restart(stage: Stage) -> None:
    async with new_page(stage.url) as page:
        with stage.strata.running("serve", PORT=str(stage.port)) as process:
            await stage.ready(process)
            await page.goto("/verify")
            await page.evaluate(EVENT_SOURCE, {"token": await stage.token(), "types": ["post.published"]})
            posts = await stage.publish(BEFORE)
            await received(page, BEFORE)
        posts += await stage.publish(MEANWHILE)
        assert await page.evaluate("source.readyState") == 0, "it connects again"
        with stage.strata.running("serve", PORT=str(stage.port)) as process:
            await stage.ready(process)
            await received(page, BEFORE + MEANWHILE)
            posts += await stage.publish(AFTER)
            found = await received(page, len(posts))
    async with httpx2.AsyncClient(base_url=stage.other, headers=stage.key, timeout=PATIENCE) as client:
        listed = (await client.get("/api/v2/events?types=post.published")).json()["data"]
    assert [event["data"]["id"] for event in listed] == posts
    assert [identifier for _, identifier in found] == [event["id"] for event in listed]
    positions = [int(position) for position, _ in found]
    assert positions == sorted(set(positions))


async def test_a_web_socket_continues_after_a_restart(stage: Stage) -> None:
    texts = [f"message {n}" for n in range(BEFORE + MEANWHILE + AFTER)]
    async with new_page(stage.url) as page, socket(stage.other, "/api/v2/ws", stage.key) as writer:
        await writer.call(op="subscribe", ref="1", **ROOM)

        async def write(some: list[str]) -> None:
            for text in some:
                await writer.call(op="publish", ref=text, text=text, **ROOM)

        with stage.strata.running("serve", PORT=str(stage.port)) as process:
            await stage.ready(process)
            await page.goto("/verify")
            await page.evaluate(WEB_SOCKET, {"token": stage.key["X-API-Key"], **ROOM})
            await write(texts[:BEFORE])
            await received(page, BEFORE)
        await write(texts[BEFORE : BEFORE + MEANWHILE])
        with stage.strata.running("serve", PORT=str(stage.port)) as process:
            await stage.ready(process)
            await received(page, BEFORE + MEANWHILE)
            await write(texts[BEFORE + MEANWHILE :])
            found = await received(page, len(texts))
    assert [text for _, text in found] == texts
    positions = [position for position, _ in found]
    assert positions == sorted(set(positions))
