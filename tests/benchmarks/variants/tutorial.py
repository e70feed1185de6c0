"""FastAPI with SQLAlchemy's asynchronous ORM as in tutorials: entities, one session per request, response models."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from app.kit.db.database import sqlalchemy_url
from tests.benchmarks.variants.raw import POOL_SIZE


class _Base(DeclarativeBase):
    type_annotation_map: Final = {datetime: DateTime(timezone=True)}


class _User(_Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[UUID]
    display_name: Mapped[str]


class _Post(_Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[UUID]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    content: Mapped[str]
    status: Mapped[str]
    published_at: Mapped[datetime | None]
    view_count: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    author: Mapped[_User] = relationship()


class AuthorOut(BaseModel):
    """The author of a post."""

    model_config = ConfigDict(from_attributes=True)

    uid: UUID
    display_name: str


class PostOut(BaseModel):
    """A post and its author."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    uid: UUID
    title: str
    content: str
    status: str
    published_at: datetime | None
    view_count: int
    created_at: datetime
    updated_at: datetime
    author: AuthorOut


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session)]


def create() -> FastAPI:
    """``GET /posts/{uid}`` and ``GET /posts?limit=N``."""
    return build(engine())


def engine() -> AsyncEngine:
    """An engine with the pool size of the other variants: the default pool would open new connections under load."""
    return create_async_engine(sqlalchemy_url(os.environ["STRATA_DATABASE__URL"]), pool_size=POOL_SIZE, max_overflow=0)


def build(database: AsyncEngine) -> FastAPI:
    """The application with this engine."""
    app = FastAPI()
    app.state.sessions = async_sessionmaker(database, expire_on_commit=False)

    @app.get("/posts", response_model=list[PostOut])
    async def list_posts(session: Session, limit: int = 20) -> list[_Post]:
        statement = (
            select(_Post)
            .options(joinedload(_Post.author))
            .where(_Post.status == "published")
            .order_by(_Post.created_at.desc(), _Post.id.desc())
            .limit(limit)
        )
        return list((await session.scalars(statement)).all())

    @app.get("/posts/{uid}", response_model=PostOut)
    async def get_post(uid: UUID, session: Session) -> _Post:
        statement = select(_Post).options(joinedload(_Post.author)).where(_Post.uid == uid)
        post = (await session.scalars(statement)).first()
        if post is None:
            raise HTTPException(404)
        return post

    return app
