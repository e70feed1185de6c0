"""Settings of the object store."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from app.settings.group import Group, Seconds


class StorageSettings(Group, name="storage"):
    """A bucket of the S3 API. Without a bucket, objects are files in ``folder``."""

    folder: Path | None = Field(None, description="The folder of the local store; by default `files` in STRATA_HOME.")
    bucket: str | None = None
    endpoint: str | None = Field(None, description="The URL of an S3 server other than AWS.")
    public_endpoint: str | None = Field(
        None, description="The URL at which clients reach the S3 server, if it is not `endpoint`."
    )
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    connect_timeout: Seconds = Field(1.0, description="seconds")
    timeout: Seconds = Field(30.0, description="seconds of one request to the store")

    @model_validator(mode="after")
    def _bucket_is_complete(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            message = "storage.access_key and storage.secret_key belong together: set both, or neither"
            raise ValueError(message)
        of_bucket = (self.endpoint, self.public_endpoint, self.access_key)
        if self.bucket is None and any(value is not None for value in of_bucket):
            message = "storage.endpoint, storage.public_endpoint and storage.access_key need storage.bucket"
            raise ValueError(message)
        return self
