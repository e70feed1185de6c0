"""The documentation of forms with files, and of downloads."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from versions.kit.openapi import header
from versions.kit.operations import Success

_BINARY: Final = {"type": "string", "format": "binary"}
MULTIPART: Final = "multipart/form-data"


def form_with_files(
    field: str, description: str, *, several: bool = False, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The request body of an upload. ``fields`` are the schemas of the other fields, by name."""
    files: dict[str, Any] = {**_BINARY, "description": description}
    if several:
        files = {"type": "array", "description": description, "items": _BINARY, "minItems": 1}
    schema = {
        "type": "object",
        "properties": {field: files, **(fields or {})},
        "required": [field],
        "additionalProperties": False,
    }
    return {"required": True, "content": {MULTIPART: {"schema": schema}}}


def content_of_file() -> Success:
    """The responses of a download, of any media type."""
    # Without a schema: a file of JSON is no message of this API.
    described: dict[str, Any] = {"content": {"*/*": {}}}
    headers = {
        "ETag": header("Identifies the content, as a strong entity tag.", required=True),
        "Accept-Ranges": header("`bytes`.", required=True),
        "Repr-Digest": header("The SHA-256 digest of the whole content (RFC 9530).", required=True),
        "Content-Disposition": header("The name of the file.", required=True),
    }
    part = header("Which bytes these are, and the size of the whole.", required=True)
    return {
        200: {"description": "The content of the file.", **described, "headers": headers},
        206: {"description": "A part of it.", **described, "headers": {**headers, "Content-Range": part}},
        304: {"description": "Not modified"},
    }


async def _conditions(
    range_: Annotated[
        str | None,
        Header(alias="Range", description="The bytes to send (RFC 9110, section 14.2).", examples=["bytes=0-1023"]),
    ] = None,
    if_range: Annotated[
        str | None,
        Header(description="The entity tag of the content of which you have a part.", examples=['"sha256:9f86d0"']),
    ] = None,
) -> None:
    """The response reads the headers itself; this declares them."""


RANGE: Final[list[Any]] = [Depends(_conditions)]
"""For downloads."""
