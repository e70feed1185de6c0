"""Downloads whose bytes come from the bucket itself, by a signed URL."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.errors import Unavailable
from app.files.disposition import stored_headers
from app.files.errors import PresignedUnavailable
from app.files.views import FileView
from app.http.caching import Caching
from app.http.downloads.response import Disposition, download
from app.http.state import state_of
from app.kit.storage.errors import ObjectNotFound
from app.kit.storage.store import ObjectStore

_VALID: Final = timedelta(minutes=1)


async def download_or_redirect(
    request: Request, store: ObjectStore, file: FileView, disposition: Disposition, *, redirect: bool
) -> Response:
    """The content of a file, as the caller wants it. Raises the errors of ``download``, ``PresignedUnavailable``."""
    return await _redirected(request, store, file) if redirect else download(request, store, file, disposition)


async def _redirected(request: Request, store: ObjectStore, file: FileView) -> Response:
    """A redirect to the content, under the conditions of ``download``. Raises ``PresignedUnavailable`` and its errors.

    An object without the header fields that make the browser save it is sent from here: no signed URL adds them.
    """
    state = state_of(request.scope)
    url = await store.signed_url("HEAD" if state.without_body else "GET", file.object_key, _VALID)
    if url is None:
        raise PresignedUnavailable
    response = download(request, store, file)
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response
    try:
        found = await store.attributes(file.object_key)
    except ObjectNotFound as error:
        raise Unavailable from error
    expected = stored_headers(file.name, file.content_type)
    if any(found.get(name) != value for name, value in expected.items()):
        return response
    state.caching = Caching.NEVER
    return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": url})
