"""The practical lower bound: plain ASGI, asyncpg and orjson, without framework, validation or error handling."""

import os
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

POOL_SIZE: Final = 8
_SELECT: Final = (
    "SELECT p.id, p.uid, u.uid AS author_uid, u.display_name AS author_name, p.title, p.content, p.status,"
    " p.published_at, p.view_count, p.created_at, p.updated_at FROM posts p JOIN users u ON u.id = p.author_id"
)
ONE: Final = f"{_SELECT} WHERE p.uid = $1"
PAGE: Final = f"{_SELECT} WHERE p.status = 'published' ORDER BY p.created_at DESC, p.id DESC LIMIT $1"


def create() -> ASGIApp:
    """``GET /posts/{uid}`` and ``GET /posts?limit=N``."""
    pool: Any = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal pool
        if scope["type"] == "lifespan":
            await receive()
            pool = await asyncpg.create_pool(
                os.environ["STRATA_DATABASE__URL"], min_size=1, max_size=POOL_SIZE, reset=_keep_state
            )
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        path: str = scope["path"]
        async with pool.acquire() as connection:
            if path == "/posts":
                limit = int(scope["query_string"].partition(b"=")[2])
                body: Any = [_shape(row) for row in await connection.fetch(PAGE, limit)]
            else:
                body = _shape(await connection.fetchrow(ONE, path.rpartition("/")[2]))
        text = orjson.dumps(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return app


def _shape(row: Mapping[str, Any]) -> dict[str, Any]:
    shaped = dict(row.items())
    # orjson does not serialize asyncpg's subclass of UUID.
    shaped["uid"], shaped["author_uid"] = str(shaped["uid"]), str(shaped["author_uid"])
    return shaped


async def _keep_state(connection: Any) -> None:
    """Skip the reset query: reads change no session state."""
