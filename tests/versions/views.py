"""Views of the core in which every field has a value of its own, so that no two can be confused."""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.access.principal import Role
from app.posts.views import Attachment, PostView
from app.users.views import UserView

POST_UID, AUTHOR_UID, USER_UID, SESSION_UID, FILE_UID = (UUID(int=number) for number in (32, 64, 96, 128, 160))
PUBLISHED, CREATED, UPDATED = (datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 2, 3))

POST = PostView(
    id=1,
    uid=POST_UID,
    author_id=2,
    author_uid=AUTHOR_UID,
    author_name="Ada",
    title="A title",
    content="The content",
    status="published",
    published_at=PUBLISHED,
    view_count=3,
    revision=4,
    created_at=CREATED,
    updated_at=UPDATED,
    attachments=(Attachment(FILE_UID, "layers.pdf", "application/pdf", 48211),),
)


class StoredPost:
    """A row of a list with the values of a view."""

    def __init__(self, view: PostView) -> None:
        self._values = {field.name: getattr(view, field.name) for field in fields(view)}
        stored = [[str(file.uid), file.name, file.content_type, file.size] for file in view.attachments]
        self._values["attachments"] = json.dumps(stored) if stored else None

    def keys(self) -> Iterator[str]:
        return iter(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())


USER = UserView(
    id=5,
    uid=USER_UID,
    email="ada@example.com",
    display_name="Ada",
    roles=(Role.MODERATOR, Role.AUTHOR),
    is_active=True,
    is_verified=False,
    revision=6,
    created_at=CREATED,
    updated_at=UPDATED,
)
