"""The WebSockets of v1, as its AsyncAPI document describes them."""

from typing import Annotated, Final

from versions.kit.channels import Channel, Message, Transport, messages_of
from versions.kit.values import text
from versions.v1.live import schemas

_TOKEN: Final = "An access token, or an API key."  # noqa: S105 - a description
_ENDS: Final = (
    "A connection that is refused is accepted first, and then closed with 1008. The server closes with 1012 after one "
    "hour at most, and when it restarts: connect again."
)
_TEXT: Final = Message(
    "Text", Annotated[str, text(min_length=1, max_length=4000)], "A text, as one frame.", media_type="text/plain"
)
_ANY_TEXT: Final = Message("Text", str, "A text, as one frame, which comes back as `Echo`.", media_type="text/plain")

CHANNELS: Final = (
    Channel(
        name="chat",
        address="/ws/chat/{room_id}/{token}",
        transport=Transport.WEBSOCKET,
        description=f"Passes text messages between all clients of a room. {_ENDS}",
        parameters={"room_id": "The room: 1 to 64 letters, digits, `_` and `-`.", "token": _TOKEN},
        sends=messages_of(schemas.UserJoined, schemas.ChatMessage, schemas.UserLeft, schemas.Error),
        receives=(_TEXT,),
    ),
    Channel(
        name="notifications",
        address="/ws/notifications/{token}",
        transport=Transport.WEBSOCKET,
        description=f"Delivers the new notifications of a user. {_ENDS}",
        parameters={"token": _TOKEN},
        sends=messages_of(schemas.Welcome, schemas.Notification, schemas.Echo, schemas.Error),
        receives=(_ANY_TEXT,),
    ),
)
