"""Opens the store that the settings select."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obstore.store import LocalStore, S3Store

from app.kit.storage.metrics import StorageMetrics
from app.kit.storage.store import ObjectStore
from app.settings.root import Settings
from app.settings.storage import StorageSettings
from observability.metrics.metrics import Metrics

if TYPE_CHECKING:
    from obstore.store import S3Config

_RETRIES: Final = 2
_RETRY_SECONDS: Final = 5
"""The defaults of the library, 10 retries and 180 seconds, outlive every request."""


def open_store(settings: Settings, metrics: Metrics) -> ObjectStore:
    """The store. A local folder is created if it is missing."""
    given = settings[StorageSettings]
    instruments = metrics.group(StorageMetrics)
    if given.bucket is not None:
        store = _s3(given, given.bucket, given.endpoint)
        public = _s3(given, given.bucket, given.public_endpoint) if given.public_endpoint else store
        return ObjectStore(store, instruments, public=public)
    folder = local_folder(settings)
    return ObjectStore(LocalStore(folder), instruments, folder)


def local_folder(settings: Settings) -> Path:
    """The folder of the local store."""
    folder = settings[StorageSettings].folder or settings.home / "files"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _s3(given: StorageSettings, bucket: str, endpoint: str | None) -> S3Store:
    config: S3Config = {"bucket": bucket, "region": given.region}
    if endpoint is not None:
        config["endpoint"] = endpoint
    if given.access_key is not None and given.secret_key is not None:
        config["access_key_id"] = given.access_key.get_secret_value()
        config["secret_access_key"] = given.secret_key.get_secret_value()
    return S3Store(
        config=config,
        client_options={
            # Only an endpoint that the operator chose can be http: AWS is always https.
            "allow_http": (endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=given.connect_timeout),
            "timeout": timedelta(seconds=given.timeout),
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
    )
