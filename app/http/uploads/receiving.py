"""Stores the files of a form while they arrive. If anything fails, nothing of the request is left."""

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.requests import Request

from app.errors import FieldError, InvalidValue
from app.files.commands import NewFile, ReceivedFile
from app.files.content import ContentCheck
from app.files.errors import UploadUnfinished
from app.files.receiving import Upload, digest_of
from app.files.types import FileType, clean_name, type_of
from app.files.uploads import FileUploads
from app.files.views import FileView, Visibility
from app.http.idempotency.keys import IdempotencyKeyReused, RequestInFlight, parse_key
from app.http.routing.forms import MalformedForm
from app.http.uploads.multipart import FormReader, PartHead
from app.kit.deadline import deadline_paused

_MAX_FIELDS: Final = 10
_MAX_VALUE_BYTES: Final = 1024
_VISIBILITY: Final = "visibility"


@dataclass(frozen=True, slots=True)
class UploadRules:
    """The files of one operation: name of their field, accepted types, largest size in bytes, largest number."""

    field: str
    types: Sequence[FileType]
    max_bytes: int
    max_files: int = 1
    fields: frozenset[str] = frozenset()
    """The names of the other fields."""


@dataclass(slots=True)
class _Form:
    """What was received of a form until now."""

    uploads: list[tuple[Upload, ReceivedFile]] = field(default_factory=list)
    begun: list[Upload] = field(default_factory=list)
    known: tuple[FileView, bytes] | None = None
    """The file of an earlier request with the same key, and the digest of the content of this one."""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """The stored files; ``replayed`` says that an earlier request with the same key stored them."""

    files: Sequence[FileView]
    replayed: bool = False


class UploadReceiver:
    """Receives the form of one request."""

    def __init__(self, request: Request, uploads: FileUploads) -> None:
        self._request = request
        self._uploads = uploads
        header = request.headers.get("idempotency-key")
        self._key = None if header is None else parse_key(header)

    async def receive(self, rules: UploadRules, *, keyed: bool = True) -> Received:
        """Store the files of the form. ``keyed``: the request may have an idempotency key.

        Raises ``MalformedForm`` and the errors of files and of idempotency keys.
        """
        form = _Form()
        try:
            with deadline_paused():
                await self._read(form, rules, keyed=keyed)
            return await self._finish(form)
        except UploadUnfinished:
            raise RequestInFlight from None
        except BaseException:
            # Also when the client leaves or the process stops.
            await self._uploads.abandon(form.begun)
            raise

    async def _read(self, form: _Form, rules: UploadRules, *, keyed: bool) -> None:
        reader = FormReader(self._request)
        files = fields = 0
        async for part in reader.parts():
            if part.filename is None:
                fields += 1
                if fields > _MAX_FIELDS:
                    message = f"The form has more than {_MAX_FIELDS} fields. Send only those of the operation."
                    raise MalformedForm(message)
                _ensure_known(part.name, rules.fields)
                form.values[part.name] = await reader.value(_MAX_VALUE_BYTES)
                continue
            files += 1
            if files > rules.max_files:
                message = f"The form has more than {rules.max_files} files. Send the others in another request."
                raise MalformedForm(message)
            _ensure_known(part.name, {rules.field})
            await self._receive_file(form, part, reader.content(), rules, keyed=keyed)
        if not files:
            raise _invalid(rules.field, "missing", "Field required")

    async def _receive_file(
        self, form: _Form, part: PartHead, content: AsyncIterator[bytes], rules: UploadRules, *, keyed: bool
    ) -> None:
        name = clean_name(part.filename or "")
        kind = type_of(name, rules.types)
        check = ContentCheck(name, kind, part.content_type)
        check.ensure_declared()
        begun = await self._uploads.begin(NewFile(name, kind, self._key if keyed else None))
        if isinstance(begun, FileView):
            form.known = begun, await digest_of(content)
            if (begun.name, begun.content_type) != (name, kind.media_type):
                raise IdempotencyKeyReused
            return
        form.begun.append(begun)
        form.uploads.append((begun, await self._uploads.receive(begun, check, content, rules.max_bytes)))

    async def _finish(self, form: _Form) -> Received:
        visibility = _visibility(form.values)
        if form.known is not None:
            file, digest = form.known
            if not hmac.compare_digest(digest, file.sha256) or visibility != file.visibility:
                raise IdempotencyKeyReused
            return Received([file], replayed=True)
        received = [(upload, replace(content, visibility=visibility)) for upload, content in form.uploads]
        return Received(await self._uploads.finish(received))


def _ensure_known(name: str, known: frozenset[str] | set[str]) -> None:
    if name not in known:
        raise _invalid(name, "extra_forbidden", "Extra inputs are not permitted")


def _visibility(values: Mapping[str, str]) -> Visibility:
    given = values.get(_VISIBILITY, Visibility.PRIVATE)
    try:
        return Visibility(given)
    except ValueError:
        names = ", ".join(Visibility)
        raise _invalid(_VISIBILITY, "enum", f"Input should be one of {names}") from None


def _invalid(name: str, code: str, detail: str) -> InvalidValue:
    return InvalidValue(fields=[FieldError((name,), code, detail)])
