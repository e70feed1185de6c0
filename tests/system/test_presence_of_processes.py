"""Two server processes show the same users in a room, and one of them cleans up after the other was killed."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, execute_as_owner
from tests.support.sockets import socket

WS = "/api/v2/ws"
ROOM = {"channel": "rooms/lobby"}
EXPIRE = (
    "UPDATE room_presence SET expires_at = now() - interval '1 second'"
    " WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')"
)


async def test_a_user_of_a_killed_process_leaves_and_others_stay(admin_dsn: str, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "presence")
    strata, port = Strata(tmp_path / "home", dsn), free_port()
    ada_key, bob_key = (dict(api_key(strata, f"{name}@example.com", "author")) for name in ("ada", "bob"))
    async with AsyncExitStack() as stack:
        url = stack.enter_context(strata.serving())
        with strata.running("serve", PORT=str(port)) as dying:
            other = f"http://127.0.0.1:{port}"
            await asyncio.to_thread(wait_until_ready, other, dying, lambda: strata.log("serve"))
            bob = await stack.enter_async_context(socket(url, WS, bob_key))
            await bob.call(op="subscribe", ref="1", **ROOM)
            ada = await stack.enter_async_context(socket(other, WS, ada_key))
            await ada.call(op="subscribe", ref="1", **ROOM)
            for client in (ada, bob):
                present = await client.call(op="presence", ref="2", **ROOM)
                assert len(present["user_ids"]) == 2
            dying.kill()
            assert await ada.close_code() == 1006
        assert len((await bob.call(op="presence", ref="3", **ROOM))["user_ids"]) == 2, "it may come back"
        await asyncio.to_thread(execute_as_owner, dsn, EXPIRE)
        while (message := await bob.receive()).get("kind") != "left":
            pass
        present = await bob.call(op="presence", ref="4", **ROOM)
        assert message["sender_id"] not in present["user_ids"]
        assert len(present["user_ids"]) == 1
