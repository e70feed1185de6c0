"""The base class, types and columns of all tables."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.kit.clock import utc_now

type_annotation_map: dict[Any, Any] = {
    int: BigInteger(),
    str: Text(),
    datetime: DateTime(timezone=True),
    UUID: Uuid(),
    list[str]: ARRAY(Text()),
}

APPEND_ONLY: Final = "append_only"
"""The key in ``Table.info`` of a table whose rows the role of the application may insert and read, but not change."""
READ_ONLY: Final = "read_only"
"""The key in ``Table.info`` of a table that only migrations and functions of its owner change."""
Timestamp = Annotated[datetime, mapped_column(default=utc_now, server_default=func.now())]
"""A creation time. It comes from the clock that later comparisons use, ``app.kit.clock``; the server's default serves
rows that are inserted past the application."""


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can drop it and errors can be distinguished."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = type_annotation_map


class Identified:
    """Two identifiers: the sequential ``id`` of the first version and the UUIDv7 ``uid`` of newer ones."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    uid: Mapped[UUID] = mapped_column(default=uuid7, unique=True)
