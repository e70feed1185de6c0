"""A page of posts that is read from rows is, to the byte, that of validated models."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.posts.views import PostView
from tests.versions.post_pages import POSTS, rendered
from tests.versions.views import StoredPost
from versions.kit.trusted import trusted
from versions.v2.posts import mapping, schemas
from versions.v2.posts.routes import PostPage

FIELDS = st.none() | st.lists(st.sampled_from(list(schemas.Post.model_fields)), unique=True).map(tuple)
INCLUDE = st.sampled_from([None, ("author",)])


@given(st.lists(POSTS, max_size=3), FIELDS, INCLUDE)
def test_a_page_of_rows(posts: list[PostView], fields: Any, include: Any) -> None:
    rows = mapping.shape(fields, include).of_rows([StoredPost(post) for post in posts])
    page = trusted(PostPage, {"data": rows, "next_cursor": None, "has_more": False})
    shaped = [mapping.shaped(post, fields, include) for post in posts]
    models = [TypeAdapter(type(model)).validate_json(model.model_dump_json(exclude_unset=True)) for model in shaped]
    expected = PostPage.model_construct(data=models, next_cursor=None, has_more=False)
    assert rendered(page, exclude_unset=True) == expected.model_dump_json(exclude_unset=True).encode()
