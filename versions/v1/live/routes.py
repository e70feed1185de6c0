"""The WebSockets of v1."""

from typing import Final

from starlette.websockets import WebSocket

from versions.kit.application import Resource
from versions.v1.live import session
from versions.v1.live.channels import CHANNELS
from versions.v1.routing import router

live = router("/ws", "live")
RESOURCE: Final = Resource(tags=(), routers=(live,), channels=CHANNELS)


@live.websocket("/chat/{room_id}/{token}")
async def chat(websocket: WebSocket, room_id: str, token: str) -> None:
    """Pass text messages between all clients of a room."""
    await session.chat(websocket, room_id, token)


@live.websocket("/notifications/{token}")
async def notifications(websocket: WebSocket, token: str) -> None:
    """Deliver the notifications of a user."""
    await session.notifications(websocket, token)
