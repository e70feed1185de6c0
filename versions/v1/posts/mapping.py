"""Maps posts between v1 schemas and the core."""

from collections.abc import Sequence
from typing import Final, Literal

from app.kit.unset import UNSET, Unset
from app.posts.commands import PostDraft, PostEdit, PublicationEdit, Sort, SortField
from app.posts.views import CountedPage, PostRow, PostStatus, PostView
from versions.kit.shapes import Shape
from versions.kit.trusted import trusted
from versions.v1.posts import schemas

NEWEST: Final = Sort(SortField.CREATED_AT, descending=True)


def _is_published(status: str) -> bool:
    """Archived posts and drafts are both unpublished."""
    return status == PostStatus.PUBLISHED


_POST: Final = Shape(
    schemas.PostResponse.model_fields, sources={"published": "status"}, conversions={"published": _is_published}
)


def post(view: PostView) -> schemas.PostResponse:
    """Returns the v1 representation of a post."""
    return trusted(schemas.PostResponse, _POST.of_view(view))


def posts(rows: Sequence[PostRow]) -> list[schemas.PostResponse]:
    """Returns the v1 representations of posts of a list."""
    return [trusted(schemas.PostResponse, members) for members in _POST.of_rows(rows)]


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
    members = {
        "items": _POST.of_rows(found.items),
        "total": found.total,
        "page": number,
        "page_size": size,
        "total_pages": -(-found.total // size),
    }
    return trusted(schemas.PostPage, members)
