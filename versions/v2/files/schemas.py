"""Schemas of files in v2."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.files.views import VisibilityName
from versions.kit.values import MAX_INTEGER
from versions.v2.files.rules import EXTENSIONS

_NAME: Final = "The name, without a path."
_VISIBILITY: Final = "Who may read it: its owner (`private`), users with the link (`signed_in`), or all (`public`)."
_CREATED_AT: Final = "When its upload began."


class File(BaseModel):
    """A file."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the file.", examples=["file_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    v1_id: int = Field(description="The id in v1, for clients that migrate from v1.", deprecated=True, examples=[1])
    owner_id: str = Field(description="The id of the user who owns it.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    name: str = Field(description=_NAME, examples=["layers.pdf"])
    content_type: str = Field(description="The media type, which the content has.", examples=["application/pdf"])
    size: int = Field(description="The size in bytes.", examples=[48211])
    sha256: str = Field(
        description="The SHA-256 digest of the content, in hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    visibility: VisibilityName = Field(
        description=_VISIBILITY,
        examples=["private"],
    )
    created_at: datetime = Field(description=_CREATED_AT, examples=["2026-11-29T12:00:00Z"])


class PresignedUploadCreate(BaseModel):
    """A file that you will send to the bucket itself."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(
        min_length=1,
        max_length=1024,
        description=f"Its name. The last extension decides the type: {EXTENSIONS}.",
        examples=["layers.pdf"],
    )
    content_type: str = Field(
        "application/octet-stream",
        max_length=255,
        description="The media type, which must agree with the extension; `application/octet-stream` if unknown.",
        examples=["application/pdf"],
    )
    visibility: VisibilityName = Field("private", description=_VISIBILITY, examples=["private"])
    size: int | None = Field(
        None,
        ge=0,
        le=MAX_INTEGER,
        description="The size in bytes, if known: one that will be refused is refused now.",
        examples=[48211],
    )


class UploadRequest(BaseModel):
    """The request that sends the content. Whoever has its URL can send it."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["PUT"] = Field(description="The method.", examples=["PUT"])
    url: str = Field(
        description="The URL, which is a secret. Send it no credentials.",
        examples=["https://bucket.example/incoming/01974d?X-Amz-Expires=600&X-Amz-Signature=5f2c9a"],
    )
    headers: dict[str, str] = Field(description="The header fields.", examples=[{"Content-Type": "application/pdf"}])
    expires_at: datetime = Field(
        description="Until when the request is accepted, after 10 minutes.", examples=["2026-11-29T12:10:00Z"]
    )


class PresignedUpload(BaseModel):
    """A file whose content is to come."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="The id of the file.", examples=["file_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    owner_id: str = Field(description="The id of the user who owns it.", examples=["usr_01jwxq7c8gfq8sh1tbp9xqk3ma"])
    name: str = Field(description=_NAME, examples=["layers.pdf"])
    content_type: str = Field(description="The media type that the content must have.", examples=["application/pdf"])
    visibility: VisibilityName = Field(description=_VISIBILITY, examples=["private"])
    state: Literal["uploading"] = Field(
        description="`uploading`: the file exists after its completion only.", examples=["uploading"]
    )
    created_at: datetime = Field(description=_CREATED_AT, examples=["2026-11-29T12:00:00Z"])
    upload: UploadRequest = Field(description="How to send the content.")
