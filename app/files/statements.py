"""The columns of a file, for reads and writes."""

from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.kit.db.statements import Read, Write
from app.models import File, User

_COLUMNS: Final[tuple[Any, ...]] = (
    File.id,
    File.uid,
    File.owner_id,
    User.uid.label("owner_uid"),
    File.name,
    File.content_type,
    File.object_key,
    File.size,
    File.sha256,
    File.visibility,
    File.created_at,
)
FILES: Final[Select[*tuple[Any, ...]]] = (
    select(*_COLUMNS).join(User, User.id == File.owner_id).where(File.state == "ready")
)
"""Files that are ready, with the columns of a ``FileView``."""
PENDING: Final = and_(File.state == "uploading", File.incoming_key.is_not(None))
"""Files that are uploaded to the bucket itself."""
_NEW: Final = ("uid", "owner_id", "name", "content_type", "object_key", "idempotency_key", "created_at")
_NOW: Final = bindparam("now", type_=File.created_at.type)
ADD: Final = Write(
    insert(File)
    .values({name: bindparam(f"new_{name}", type_=File.__table__.c[name].type) for name in _NEW})
    .on_conflict_do_nothing()
    .returning(File.id)
)
"""Adds a file; no row if its idempotency key is in use."""
STORED_BYTES: Final = Read(
    select(func.coalesce(func.sum(File.size), 0)).where(
        File.owner_id == bindparam("owner_id", type_=File.owner_id.type), File.state == "ready"
    )
)
CLAIM: Final = Write(
    update(File)
    .where(
        File.uid == bindparam("file_uid", type_=File.uid.type),
        File.owner_id == bindparam("of_owner", type_=File.owner_id.type),
        PENDING,
        or_(File.checking_until.is_(None), File.checking_until < _NOW),
    )
    .values(
        object_key=bindparam("new_key", type_=File.object_key.type),
        checking_until=bindparam("until", type_=File.created_at.type),
    )
    .returning(File.name, File.object_key, File.incoming_key, File.visibility)
)
FINISH: Final = Write(
    update(File)
    .where(
        File.object_key == bindparam("finished_key", type_=File.object_key.type),
        File.state == "uploading",
        User.id == File.owner_id,
    )
    .values(
        state="ready",
        size=bindparam("new_size", type_=File.size.type),
        sha256=bindparam("new_sha256", type_=File.sha256.type),
        ready_at=_NOW,
        visibility=bindparam("new_visibility", type_=File.visibility.type),
        incoming_key=None,
        checking_until=None,
    )
    .returning(*_COLUMNS)
)
