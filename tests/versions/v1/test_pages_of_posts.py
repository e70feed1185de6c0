"""A page of posts that is read from rows is, to the byte, that of validated models."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.posts.views import CountedPage, PostView
from tests.versions.post_pages import NUMBERS, POSTS, rendered
from tests.versions.views import StoredPost
from versions.v1.posts import mapping, schemas


@given(st.lists(POSTS, max_size=3), NUMBERS)
def test_a_page_of_rows(posts: list[PostView], total: int) -> None:
    rows: Any = [StoredPost(post) for post in posts]
    page = mapping.page(CountedPage(rows, total), 7, 20)
    items = [
        schemas.PostResponse(
            id=post.id,
            title=post.title,
            content=post.content,
            published=post.status == "published",
            author_id=post.author_id,
            view_count=post.view_count,
            created_at=post.created_at,
            updated_at=post.updated_at,
        )
        for post in posts
    ]
    expected = schemas.PostPage(items=items, total=total, page=7, page_size=20, total_pages=(total + 19) // 20)
    assert rendered(page, exclude_unset=False) == expected.model_dump_json().encode()
    assert mapping.posts(rows) == items
