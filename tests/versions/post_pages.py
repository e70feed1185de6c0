"""Any posts, and the bytes of a page of them as the handler of a compiled read renders it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel

from app.http.routing.plain_json import plain_renderer
from app.posts.views import Attachment, PostStatus, PostView

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(0, 2**53 - 1)
TIMES = st.integers(-(2**40), 2**42).map(lambda milliseconds: EPOCH + timedelta(milliseconds=milliseconds))
UIDS = st.uuids() | st.sampled_from([UUID(int=0), UUID(int=2**128 - 1)])
POSTS = st.builds(
    PostView,
    id=NUMBERS.filter(bool),
    uid=UIDS,
    author_id=NUMBERS,
    author_uid=UIDS,
    author_name=TEXTS,
    title=TEXTS,
    content=TEXTS,
    status=st.sampled_from([status.value for status in PostStatus]),
    published_at=st.none() | TIMES,
    view_count=NUMBERS,
    revision=NUMBERS,
    created_at=TIMES,
    updated_at=TIMES,
    attachments=st.lists(st.builds(Attachment, UIDS, TEXTS, TEXTS, NUMBERS), max_size=2).map(tuple),
)
OPTIONS = dict.fromkeys(("include", "exclude", "exclude_defaults", "exclude_none"))


def rendered(page: BaseModel, *, exclude_unset: bool) -> bytes:
    """The page as JSON, with or without the members that are not set."""

    def fail(_page: Any) -> bytes:
        raise TypeError

    return plain_renderer([type(page)], {**OPTIONS, "exclude_unset": exclude_unset}, fail)(page)
