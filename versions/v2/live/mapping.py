"""Maps rooms from the core to the messages of ``strata.v2``."""

from functools import lru_cache
from typing import Final

from app.rooms.views import RoomMessageView
from versions.kit.typeid import encode
from versions.v2.ids import USER
from versions.v2.live import schemas

_PREFIX: Final = "rooms/"


def room_of(channel: str) -> str:
    """The name of the room of a channel."""
    return channel.removeprefix(_PREFIX)


@lru_cache(maxsize=1024)
def message(room: str, view: RoomMessageView) -> str:
    """The text of a message, encoded once for all who receive it."""
    return schemas.RoomMessage.model_validate(
        {
            "op": "message",
            "channel": _PREFIX + room,
            "position": view.position,
            "kind": view.kind,
            "sender_id": encode(USER, view.sender_uid),
            "text": view.text,
            "created_at": view.created_at,
        }
    ).model_dump_json()


def reset(room: str, position: int) -> str:
    """Tells that messages up to a position are not available."""
    return schemas.Reset(op="reset", channel=_PREFIX + room, position=position).model_dump_json()


def problem(ref: str | None, code: str, detail: str) -> str:
    """An error in the answer to a request."""
    return schemas.Problem(op="error", ref=ref, code=code, detail=detail).model_dump_json()
