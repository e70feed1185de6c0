"""Dependencies of the routes of files."""

from typing import Annotated

from fastapi import Depends, Request

from app.files.completion import UploadCompletion
from app.files.deletion import before_deletion
from app.files.presigned import PresignedUploads
from app.files.reader import FileReader
from app.files.service import FileService
from app.files.sharing import shared_by_features
from app.files.uploads import FileUploads
from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.deps.plans import CapsDep
from app.http.origin import origin_of
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.http.storage import StorageComponent
from app.http.uploads.receiving import UploadReceiver
from app.kit.storage.store import ObjectStore


async def _reader(request: Request) -> FileReader:
    return FileReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _store(request: Request) -> ObjectStore:
    return runtime_of(request.scope).get(StorageComponent).store


async def _service(
    session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep, runtime: RuntimeDep
) -> FileService:
    shared = shared_by_features(runtime.database.reads)
    return FileService(session, principal, events, before_deletion(session, events), shared)


async def _uploads(request: Request, runtime: RuntimeDep, principal: PrincipalDep, caps: CapsDep) -> FileUploads:
    store, origin = runtime.get(StorageComponent).store, origin_of(request.scope, principal)
    return FileUploads(runtime.database, store, principal, caps, origin)


async def _receiver(request: Request, uploads: Annotated[FileUploads, Depends(_uploads)]) -> UploadReceiver:
    return UploadReceiver(request, uploads)


async def _presigned(
    session: WriteSessionDep, runtime: RuntimeDep, principal: PrincipalDep, caps: CapsDep
) -> PresignedUploads:
    return PresignedUploads(session, runtime.get(StorageComponent).store, principal, caps)


async def _completion(
    runtime: RuntimeDep, principal: PrincipalDep, caps: CapsDep, uploads: Annotated[FileUploads, Depends(_uploads)]
) -> UploadCompletion:
    storage = runtime.get(StorageComponent)
    return UploadCompletion(runtime.database, storage.store, principal, caps, uploads, storage.presigned)


FileReaderDep = Annotated[FileReader, Depends(_reader)]
FileServiceDep = Annotated[FileService, Depends(_service)]
ObjectStoreDep = Annotated[ObjectStore, Depends(_store)]
PresignedUploadsDep = Annotated[PresignedUploads, Depends(_presigned)]
UploadCompletionDep = Annotated[UploadCompletion, Depends(_completion)]
UploadReceiverDep = Annotated[UploadReceiver, Depends(_receiver)]
