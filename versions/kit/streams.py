"""The documentation of streams of server-sent events."""

from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import BaseModel, Field

from app.http.live.streams import MEDIA_TYPE
from versions.kit.channels import Message
from versions.kit.openapi import header
from versions.kit.operations import Success

POSITION: Final = "The position, for `Last-Event-ID`."

LastEventId = Annotated[
    str | None,
    Header(
        max_length=40,
        description="The `id` of the last message that you have, to continue after it. Browsers send it themselves.",
        examples=["1042"],
    ),
]


class Reset(BaseModel):
    """Events were lost: read what you need again, then go on."""

    position: str | None = Field(
        default=None, description="The position after which messages follow, if it is known.", examples=["1042"]
    )


class Bye(BaseModel):
    """The stream ends: connect again after the time in `retry`."""

    reason: str = Field(description="Why it ends.", examples=["max_age"])


RESET: Final = Message("reset", Reset)
BYE: Final = Message("bye", Bye)


def event_stream(messages: str, identifier: str = POSITION) -> Success:
    """The success response of a stream. The schema is the one of a message, after the parser of its lines."""
    return {
        200: {
            "description": "A stream of server-sent events, which stays open.",
            "content": {
                MEDIA_TYPE: {
                    "schema": {
                        # A client that does not parse streams receives text.
                        "type": ["object", "string"],
                        "description": messages,
                        "properties": {
                            "id": _text(identifier, "1042"),
                            "event": _text("What the message says.", "bye"),
                            "data": _text("JSON without line breaks.", '{"reason":"max_age"}'),
                        },
                        "required": ["event", "data"],
                    },
                    "example": {"event": "bye", "data": '{"reason":"max_age"}'},
                }
            },
            "headers": {"X-Accel-Buffering": header("`no`: a proxy must pass each message on at once.", required=True)},
        }
    }


def _text(description: str, example: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "examples": [example]}
