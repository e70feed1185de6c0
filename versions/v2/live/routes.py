"""The WebSocket of v2."""

from typing import Final

from starlette.websockets import WebSocket

from versions.kit.application import Resource
from versions.v2.live.channels import CHANNELS
from versions.v2.live.serving import serve
from versions.v2.routing import router

live = router("/ws", "live")
RESOURCE: Final = Resource(tags=(), routers=(live,), channels=CHANNELS)


@live.websocket("")
async def connect(websocket: WebSocket) -> None:
    """The protocol `strata.v2`: rooms, their messages and who is present."""
    await serve(websocket)
