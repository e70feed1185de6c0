"""Dependencies of the posts feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.core import EventRecorderDep, WriteSessionDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.posts.reader import PostReader
from app.posts.service import PostService
from app.posts.view_counter import PostViewCounter, SharedPostViewCounter


# The first two depend on the request alone: FastAPI solves a tree of dependencies node by node, which for a single
# statement costs more than the statement itself.
async def _post_reader(request: Request) -> PostReader:
    return PostReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _single_view_counter(request: Request) -> PostViewCounter:
    return SharedPostViewCounter(runtime_of(request.scope).database.single_writes, await resolve_principal(request))


async def _view_counter(session: WriteSessionDep, principal: PrincipalDep) -> PostViewCounter:
    return PostViewCounter(session, principal)


async def _post_service(session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep) -> PostService:
    return PostService(session, principal, events)


PostReaderDep = Annotated[PostReader, Depends(_post_reader)]
SinglePostViewCounterDep = Annotated[PostViewCounter, Depends(_single_view_counter)]
"""Counts a view in a transaction of its own, for an operation that ignores ``Idempotency-Key``."""
PostViewCounterDep = Annotated[PostViewCounter, Depends(_view_counter)]
"""Counts a view in the transaction of the request."""
PostServiceDep = Annotated[PostService, Depends(_post_service)]
