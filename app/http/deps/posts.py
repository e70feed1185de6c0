"""Dependencies of the posts feature."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.core import EventRecorderDep, WriteSessionDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.posts.reader import PostReader
from app.posts.service import PostService


# Depends on the request alone: FastAPI solves a tree of dependencies node by node, which for a read costs more than
# the read itself.
async def _post_reader(request: Request) -> PostReader:
    return PostReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _post_service(session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep) -> PostService:
    return PostService(session, principal, events)


PostReaderDep = Annotated[PostReader, Depends(_post_reader)]
PostServiceDep = Annotated[PostService, Depends(_post_service)]
