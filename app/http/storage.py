"""The object store of one process."""

from app.files.metrics import PresignedMetrics
from app.http.runtime import Component, Runtime
from app.kit.storage.opening import open_store
from app.kit.storage.store import ObjectStore


class StorageComponent(Component):
    """The store that the settings select."""

    def __init__(self, store: ObjectStore, presigned: PresignedMetrics) -> None:
        self.store = store
        self.presigned = presigned

    @classmethod
    def build(cls, runtime: Runtime) -> "StorageComponent":
        """See ``Component``."""
        return cls(open_store(runtime.settings, runtime.metrics), runtime.metrics.group(PresignedMetrics))
