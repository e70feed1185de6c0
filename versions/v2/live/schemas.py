"""Messages of the WebSocket protocol ``strata.v2``."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from versions.kit.values import MAX_INTEGER, text

_ROOM: Final = r"^rooms/[A-Za-z0-9_-]{1,64}$"
Ref = Annotated[str, text(min_length=1, max_length=64)]
Channel = Annotated[str, Field(pattern=_ROOM, description="The room, by its name.", examples=["rooms/lobby"])]
MessageText = Annotated[str, text(min_length=1, max_length=4000)]
Token = Annotated[str, text(min_length=1, max_length=4096)]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER, examples=[1795953600001])]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Request(_Message):
    model_config = ConfigDict(extra="forbid", strict=True)

    ref: Ref = Field(description="Chosen by the client; the answer carries it.", examples=["1"])


class Authenticate(_Request):
    """Authenticates the connection, as its first message, if the handshake had no `Authorization` header."""

    op: Literal["authenticate"]
    token: Token = Field(
        description="An access token or an API key.", examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2FtcGxl"]
    )


class Subscribe(_Request):
    """Enters a room. Its messages follow the `ack`."""

    op: Literal["subscribe"]
    channel: Channel
    after: Position | None = Field(
        default=None,
        description="The position of the last message that the client has; without it, only new messages follow.",
    )


class Unsubscribe(_Request):
    """Leaves a room."""

    op: Literal["unsubscribe"]
    channel: Channel


class Publish(_Request):
    """Writes a message to all who are in a room. The `ack` says that it is stored, and its position."""

    op: Literal["publish"]
    channel: Channel
    text: MessageText = Field(description="The message, as plain text.", examples=["Hello"])


class Presence(_Request):
    """Asks who is in a room that the client has subscribed to."""

    op: Literal["presence"]
    channel: Channel


class Ping(_Request):
    """Asks for a `pong`, for clients that cannot send the ping frames of the protocol."""

    op: Literal["ping"]


ClientMessage = Annotated[Authenticate | Subscribe | Unsubscribe | Publish | Presence | Ping, Field(discriminator="op")]
CLIENT_MESSAGE: Final[TypeAdapter[Any]] = TypeAdapter(ClientMessage)


class Ack(_Message):
    """The request was carried out."""

    op: Literal["ack"]
    ref: str = Field(description="That of the request.", examples=["1"])
    position: int | None = Field(
        description="Of `publish`: the position of the stored message. Of `subscribe`: the one after which messages "
        "follow. Otherwise null.",
        examples=[1795953600001],
    )


class Problem(_Message):
    """The request was not carried out."""

    op: Literal["error"]
    ref: str | None = Field(description="That of the request; null if the message could not be read.", examples=["1"])
    code: str = Field(description="A stable code for programs, as in problem details.", examples=["invalid_message"])
    detail: str = Field(description="A description for people.", examples=["op: Input should be 'ping'"])


class Pong(_Message):
    """The answer to `ping`."""

    op: Literal["pong"]
    ref: str = Field(description="That of the request.", examples=["1"])


class RoomMessage(_Message):
    """Something that a user did in a room. Positions of a room grow by one."""

    op: Literal["message"]
    channel: str = Field(description="The room.", examples=["rooms/lobby"])
    position: int = Field(description="The position in the room, for `after`.", examples=[1795953600001])
    kind: Literal["message", "joined", "left"] = Field(description="What the user did.", examples=["message"])
    sender_id: str = Field(description="The id of the user.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    text: str | None = Field(description="The text of a message; otherwise null.", examples=["Hello"])
    created_at: datetime = Field(description="When it was stored.", examples=["2026-11-23T12:00:00Z"])


class Present(_Message):
    """Who is in a room, at most 500 users."""

    op: Literal["presence"]
    ref: str = Field(description="That of the request.", examples=["1"])
    channel: str = Field(description="The room.", examples=["rooms/lobby"])
    user_ids: list[str] = Field(description="The users.", examples=[["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"]])


class Reset(_Message):
    """Messages between `after` and this position are not available any more. Later ones follow."""

    op: Literal["reset"]
    channel: str = Field(description="The room.", examples=["rooms/lobby"])
    position: int = Field(description="The position after which messages follow.", examples=[1795953600001])
