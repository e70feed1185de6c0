"""Clients that leave while their response is sent."""

from starlette.types import Receive


async def until_disconnected(receive: Receive) -> None:
    """Return when the client has disconnected. What it still sends is ignored."""
    while (await receive())["type"] != "http.disconnect":
        pass
