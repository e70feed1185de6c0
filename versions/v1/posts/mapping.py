"""Maps posts between v1 schemas and the core."""

from typing import Final, Literal

from app.kit.unset import UNSET, Unset
from app.posts.commands import PostDraft, PostEdit, PublicationEdit, Sort, SortField
from app.posts.views import CountedPage, PostStatus, PostView
from versions.v1.posts import schemas

NEWEST: Final = Sort(SortField.CREATED_AT, descending=True)


def post(view: PostView) -> schemas.PostResponse:
    """Returns the v1 representation of a post: archived posts and drafts are both unpublished."""
    return schemas.PostResponse.model_construct(
        id=view.id,
        title=view.title,
        content=view.content,
        published=view.status == PostStatus.PUBLISHED,
        author_id=view.author_id,
        view_count=view.view_count,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def sort(field: schemas.SortField, order: Literal["asc", "desc"]) -> Sort:
    """Returns the order of a list."""
    return Sort(SortField(field), descending=order == "desc")


def draft(body: schemas.PostCreate) -> PostDraft:
    """Returns the post to create."""
    status = PostStatus.PUBLISHED if body.published else PostStatus.DRAFT
    return PostDraft(title=body.title, content=body.content, status=status)


def edit(body: schemas.PostUpdate) -> PostEdit:
    """Returns the edit with the fields that the request contains."""
    given = body.model_fields_set
    return PostEdit(
        title=body.title if "title" in given else UNSET,
        content=body.content if "content" in given else UNSET,
        publication=_publication(body) if "published" in given else UNSET,
    )


def _publication(body: schemas.PostUpdate) -> PublicationEdit | Unset:
    return PublicationEdit.PUBLISH if body.published else PublicationEdit.WITHDRAW


def page(found: CountedPage, number: int, size: int) -> schemas.PostPage:
    """Returns one page of posts."""
    return schemas.PostPage(
        items=[post(view) for view in found.items],
        total=found.total,
        page=number,
        page_size=size,
        total_pages=-(-found.total // size),
    )
