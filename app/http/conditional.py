"""Conditional requests (RFC 9110, section 13): entity tags, ``If-None-Match``, ``If-Match``.

A tag is ``"<revision>-<end of the uid>.<digest of the body>"``. A reader's cached copy is fresh only while the whole
tag matches. A writer's precondition needs a whole tag of the same resource and compares its revision, so that a counted
view does not reject an edit.

A proxy that compresses a response weakens its tag (``W/``, nginx) or adds the coding (``-gzip``, Apache and Caddy). The
client sends that form back, and it names the same revision.
"""

import hashlib
import re
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Request
from starlette.responses import Response

from app.http.state import state_of
from app.kit.revisions import MARK_PATTERN, ExpectedRevisions, revision_mark

_TAG: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_CODING: Final = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate)\Z")
_ISSUED: Final = re.compile(rf"({MARK_PATTERN})\.[0-9a-f]{{18}}")
_KEPT_BY_304: Final = ("cache-control", "etag", "vary", "link")


def record_revision(request: Request, uid: UUID, revision: int) -> None:
    """Record the resource and the revision that the response shows; the route derives the entity tag from it."""
    state_of(request.scope).revision = revision_mark(uid, revision)


def with_entity_tag(request: Request, response: Response) -> Response:
    """The response with its entity tag, or 304 when the client has this representation."""
    revision = state_of(request.scope).revision
    if revision is None:
        return response
    return tagged(request, response, f'"{revision}.{digest_of(response.body)}"')


def digest_of(body: bytes | memoryview) -> str:
    """The part of an entity tag that identifies a representation."""
    return hashlib.blake2b(body, digest_size=9).hexdigest()


def tagged(request: Request, response: Response, tag: str) -> Response:
    """The response with this entity tag, or 304 when the client has this representation."""
    response.headers["ETag"] = tag
    if request.method not in {"GET", "HEAD"} or not matches(request.headers.get("if-none-match"), tag):
        return response
    kept = {name: value for name, value in response.headers.items() if name in _KEPT_BY_304}
    return Response(status_code=304, headers=kept)


def matches(header: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` contains a tag, in whichever form a proxy has sent it on."""
    if header is None:
        return False
    return header.strip() == "*" or tag[1:-1] in _opaque_tags(header)


def matches_strongly(header: str, tag: str) -> bool:
    """Whether ``If-Match`` of a content that never changes contains its tag, which no proxy weakened."""
    return header.strip() == "*" or tag in {given.strip() for given in header.split(",")}


def _opaque_tags(header: str) -> list[str]:
    """The tags of a list without quotes, weakness and the suffix of a content coding."""
    return [_CODING.sub("", tag) for tag in _TAG.findall(header)]


async def _expected_revisions(
    if_match: Annotated[
        str | None,
        Header(
            description="Entity tags from earlier responses, or `*`. The change is refused with 412 unless the "
            "resource still is at one of these revisions.",
            examples=["*"],
            max_length=4096,
        ),
    ] = None,
) -> ExpectedRevisions:
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(found[1] for tag in _opaque_tags(if_match) if (found := _ISSUED.fullmatch(tag)))


ExpectedRevisionsDep = Annotated[ExpectedRevisions, Depends(_expected_revisions)]
