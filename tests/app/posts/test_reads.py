"""Use cases that read posts, on a real database: what each caller lists, finds and views."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.posts import statements
from app.posts.commands import (
    KeysetPage,
    OffsetPage,
    PostFilter,
    Sort,
    SortField,
)
from app.posts.errors import MissingPost, PostNotFound
from app.posts.reader import PostReader
from app.posts.view_counter import SharedPostViewCounter
from app.posts.views import PostRef, PostRow, PostStatus, PostView
from tests.support.app import TestApp
from tests.support.posts import create, stored

S = PostStatus
BY_TITLE = Sort(SortField.TITLE, descending=False)


FILTERS = [
    {},
    {"status": S.DRAFT},
    {"status": S.PUBLISHED},
    {"status": S.ARCHIVED},
    {"published": True},
    {"published": False},
    {"author": "id"},
    {"author": "uid"},
    {"author": "uid", "published": False},
    {"query": "ada"},
    {"query": "ada", "status": S.DRAFT},
]


def views(rows: Sequence[PostRow]) -> list[PostView]:
    return [PostView.from_row(row) for row in rows]


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
async def test_each_caller_lists_what_they_may_see(
    test_app: TestApp, callers: dict[str, Principal], chosen: dict[str, Any]
) -> None:
    made = [
        await create(test_app, callers[name], f"{name} {status}", status)
        for status in (S.DRAFT, S.PUBLISHED, S.ARCHIVED)
        for name in ("ada", "eve")
    ]
    ada = callers["ada"]
    author = {"id": ada.user_id, "uid": ada.user_uid}.get(chosen.get("author", ""))
    wanted = PostFilter(**{**chosen, "author": author})
    for name, caller in callers.items():
        reader = PostReader(test_app.runtime.database.reads, caller)
        expected = [
            post
            for post in sorted(made, key=lambda post: post.title)
            if (post.status == S.PUBLISHED or name == "root" or post.author_uid == caller.user_uid)
            and wanted.status in (None, post.status)
            and wanted.published in (None, post.status == S.PUBLISHED)
            and (author is None or post.author_uid == ada.user_uid)
            and (wanted.query is None or wanted.query in post.title)
        ]
        page = await reader.counted_page(wanted, OffsetPage(BY_TITLE, 0, 10))
        assert (views(page.items), page.total) == (expected, len(expected)), name
        assert views(await reader.offset_page(wanted, OffsetPage(BY_TITLE, 1, 2))) == expected[1:3]
        found, after = [], None
        while True:
            part = await reader.page(wanted, KeysetPage((BY_TITLE,), 2, after))
            assert len(part.items) == min(2, len(expected) - len(found))
            found += views(part.items)
            if (after := part.next_position) is None:
                break
        assert found == expected, name
        if wanted == PostFilter(query="ada"):
            hits = await reader.search("ada", None, 10)
            assert sorted(hit.post.title for hit in hits.items) == [post.title for post in expected]
            first = await reader.search("ada", None, 1)
            rest = await reader.search("ada", first.next_position, 10) if first.next_position else None
            assert [*first.items, *(rest.items if rest else [])] == hits.items


async def test_each_caller_reads_what_they_may_see(test_app: TestApp, callers: dict[str, Principal]) -> None:
    draft = await create(test_app, callers["ada"], "draft")
    public = await create(test_app, callers["ada"], "public", S.PUBLISHED)
    for name, caller in callers.items():
        reader = PostReader(test_app.runtime.database.reads, caller)
        for ref in (public.id, public.uid):
            assert await reader.get(ref) == public
        if name in {"ada", "root"}:
            assert await reader.get(draft.uid) == draft
            assert await reader.get_many([draft.id, public.id, draft.id]) == [draft, public, draft]
            with pytest.raises(ExceptionGroup) as missing:
                await reader.get_many([2**40, draft.id, 2**40])
            refs = [2**40]
        else:
            for ref in (draft.id, draft.uid):
                with pytest.raises(PostNotFound):
                    await reader.get(ref)
            with pytest.raises(ExceptionGroup) as missing:
                await reader.get_many([2**40, public.id, draft.id, 2**40])
            refs = [2**40, draft.id]
        errors = missing.value.exceptions
        assert [error.ref for error in errors if isinstance(error, MissingPost)] == refs
        assert [str(error) for error in errors] == [f"Post {ref} not found" for ref in refs]
        for ref in (2**40, UUID(int=7)):
            with pytest.raises(PostNotFound):
                await reader.get(ref)


async def view(test_app: TestApp, caller: Principal, ref: PostRef) -> PostView:
    return await SharedPostViewCounter(test_app.runtime.database.single_writes, caller).count(ref)


async def test_a_view_is_counted_for_callers_who_may_see_the_post(
    test_app: TestApp, callers: dict[str, Principal]
) -> None:
    draft = await create(test_app, callers["ada"], "draft")
    public = await create(test_app, callers["ada"], "public", S.PUBLISHED)
    views = {draft.uid: 0, public.uid: 0}
    for name, caller in callers.items():
        for post in (draft, public):
            for ref in (post.id, post.uid):
                if post is public or name in {"ada", "root"}:
                    views[post.uid] += 1
                    seen = await view(test_app, caller, ref)
                    assert (seen.view_count, seen.revision, seen.uid) == (views[post.uid], 1, post.uid)
                    assert (seen.author_name, seen.updated_at) == ("Ada", post.updated_at)
                else:
                    with pytest.raises(PostNotFound):
                        await view(test_app, caller, ref)
    assert {uid: (await stored(test_app, uid)).view_count for uid in views} == views
    with pytest.raises(PostNotFound):
        await view(test_app, callers["root"], 2**40)


async def test_a_search_ranks_the_newest_matches(
    test_app: TestApp, callers: dict[str, Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of every post costs as much as a rare one."""
    assert statements.RANKED == 10_000
    made = [await create(test_app, callers["ada"], f"match {number}", S.PUBLISHED) for number in range(3)]
    monkeypatch.setattr(statements, "RANKED", 2)
    read = statements.search_page.__wrapped__("anyone", after=False)
    rows = await test_app.runtime.database.reads.all(read, query="match", limit=10)
    assert sorted(row["id"] for row in rows) == [post.id for post in made[1:]]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_a_listing_by_words_has_every_match_however_many(
    test_app: TestApp, callers: dict[str, Principal], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Up to two matches are read and sorted here, more are found in the order of the listing."""
    made = [await create(test_app, callers["ada"], f"match {place}", S.PUBLISHED) for place in range(number)]
    assert statements.FEW == 1000
    monkeypatch.setattr(statements, "FEW", 2)
    found: list[Any] = []
    while len(found) < number:
        after = {"after_0": found[-1]["title"], "after_1": found[-1]["id"]} if found else {}
        read = statements.keyset_page.__wrapped__("anyone", frozenset({"query"}), (BY_TITLE,), after=bool(after))
        page = await test_app.runtime.database.reads.all(read, query="match", limit=2, **after)
        assert len(page) == min(2, number - len(found))
        found += page
    assert [row["id"] for row in found] == [post.id for post in made]


async def test_the_headline_of_a_title_is_the_whole_title(test_app: TestApp, callers: dict[str, Principal]) -> None:
    title = f"{'word ' * 30}needle{' word' * 9}"
    await create(test_app, callers["ada"], title, S.PUBLISHED)
    reader = PostReader(test_app.runtime.database.reads, callers["nobody"])
    (hit,) = (await reader.search("needle", None, 5)).items
    assert hit.highlights.title == title.replace("needle", "<mark>needle</mark>")
