"""Schemas of files in v1."""

from pydantic import BaseModel, Field


class FileResponse(BaseModel):
    """A file."""

    id: int = Field(description="The sequential id.", examples=[1])
    filename: str = Field(description="The name, without a path.", examples=["layers.pdf"])
    content_type: str = Field(description="The media type.", examples=["application/pdf"])
    size: int = Field(description="The size in bytes.", examples=[48211])
    url: str = Field(description="The path of the content.", examples=["/api/v1/files/1"])
    storage_type: str = Field(description="Where it is stored: `local` or `s3`.", examples=["local"])


class FileMessage(BaseModel):
    """What happened."""

    message: str = Field(description="For people.", examples=["File deleted successfully"])
