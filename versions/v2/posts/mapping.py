"""Maps posts between v2 schemas and the core."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request

from app.errors import DomainError, FieldError, Malformed
from app.http.errors.failures import classify
from app.http.errors.problems import problem
from app.posts.commands import (
    CreatePost,
    DeletePost,
    PostDraft,
    PostEdit,
    PostFilter,
    PostOperation,
    Sort,
    SortField,
    UpdatePost,
)
from app.posts.service import OperationResult
from app.posts.views import STORED, Attachment, PostStatus, PostView, SearchHit
from versions.kit.lists import NameList
from versions.kit.shapes import Convert, Members, Shape
from versions.kit.trusted import trusted
from versions.kit.typeid import encode
from versions.v2.choices import InvalidChoice
from versions.v2.ids import FILE, POST, USER, known
from versions.v2.posts import schemas

_SORTS: Final = {
    f"{'-' if descending else ''}{field.value}": Sort(field, descending)
    for field in SortField
    for descending in (False, True)
}
DEFAULT_SORT: Final = ("-created_at",)


class InvalidSort(Malformed):
    code = "invalid_sort"

    def __init__(self) -> None:
        detail = f"sort takes {', '.join(sorted(SortField))}, separated by commas, with - in front for descending."
        super().__init__(detail, fields=[FieldError(("sort",), self.code, detail, "query")])


FIELDS: Final = NameList(schemas.Post.model_fields, partial(InvalidChoice, "fields", schemas.Post.model_fields))
INCLUDE: Final = NameList(schemas.Include, partial(InvalidChoice, "include", list(schemas.Include)))
SORT: Final = NameList(_SORTS, InvalidSort)


@lru_cache(maxsize=1024)
def _user_id(uid: UUID) -> str:
    """A page has many posts of few authors."""
    return encode(USER, uid)


def _attachments(files: Sequence[Attachment]) -> list[schemas.Attachment]:
    return [
        trusted(
            schemas.Attachment,
            {"id": encode(FILE, file.uid), "name": file.name, "content_type": file.content_type, "size": file.size},
        )
        for file in files
    ]


_SOURCES: Final = {"v1_id": "id", "id": "uid", "author_id": "author_uid"}
_STATUSES: Final = {status.value: status for status in PostStatus}
_CONVERSIONS: Final[Mapping[str, Convert]] = {
    "id": partial(encode, POST),
    "author_id": _user_id,
    "status": _STATUSES.__getitem__,
    "attachments": _attachments,
    "author": partial(trusted, schemas.Author),
}
_AUTHOR: Final = Shape(
    schemas.Author.model_fields,
    sources={"id": "author_uid", "display_name": "author_name"},
    conversions={"id": _user_id},
)


@lru_cache(maxsize=256)
def shape(fields: Sequence[str] | None = None, include: Sequence[str] | None = None) -> Shape:
    """Returns the shape of a post with all or the selected members, with or without its author.

    A member of ``Post`` is a field of ``PostView`` with the same name, unless ``_SOURCES`` has another one.
    """
    members = list(schemas.Post.model_fields)
    if fields:
        members = [name for name in members if name in fields]
    if include:
        members.append("author")
    return Shape(members, sources=_SOURCES, conversions=_CONVERSIONS, parts={"author": _AUTHOR}, stored=STORED)


def post(view: PostView) -> schemas.Post:
    """Returns the v2 representation of a post."""
    return trusted(schemas.Post, _members(view))


def _members(view: PostView, fields: Sequence[str] | None = None, include: Sequence[str] | None = None) -> Members:
    return shape(fields, include).of_view(view)


def shaped(view: PostView, fields: Sequence[str] | None, include: Sequence[str] | None) -> schemas.AnyPost:
    """Returns the post with all or the selected members, with or without its author."""
    members = _members(view, fields, include)
    if fields:
        return trusted(schemas.PartialPost, members)
    return trusted(schemas.PostWithAuthor if include else schemas.Post, members)


def draft(body: schemas.PostCreate) -> PostDraft:
    """Returns the post to create."""
    return PostDraft(**_given(body) | {"status": PostStatus(body.status)})


def edit(patch: schemas.PostPatch) -> PostEdit:
    """Returns the edit with the members that the patch contains; the defaults of the others are ignored."""
    return PostEdit(**_given(patch))


def _given(body: BaseModel) -> dict[str, Any]:
    """The members that the body contains; the core has the same names."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    if "attachments" in given:
        given["attachments"] = tuple(map(known, given["attachments"]))
    return given


def wanted(status: PostStatus | None, author_id: str | None, q: str | None) -> PostFilter:
    """Returns the filter of a list."""
    author = known(author_id) if author_id else None
    return PostFilter(status=status, author=author, query=q)


def sort(names: Sequence[str]) -> tuple[Sort, ...]:
    """Returns the sort keys; a repeated field keeps its first position and direction."""
    keys: dict[SortField, Sort] = {}
    for key in map(_SORTS.__getitem__, names):
        keys.setdefault(key.field, key)
    return tuple(keys.values())


def operations(batch: schemas.Batch) -> list[PostOperation]:
    """Returns the operations of a batch."""
    return [_operation(item) for item in batch.operations]


def _operation(item: schemas.BatchOperation) -> PostOperation:
    match item:
        case schemas.BatchCreate():
            return CreatePost(draft(item.post))
        case schemas.BatchUpdate():
            return UpdatePost(known(item.id), edit(item.patch))
        case schemas.BatchDelete():
            return DeletePost(known(item.id))


def results(
    request: Request, requested: Sequence[PostOperation], outcomes: Sequence[OperationResult]
) -> schemas.BatchResults:
    """Returns one result for each operation."""
    pairs = zip(requested, outcomes, strict=True)
    return schemas.BatchResults(results=[_result(request, operation, outcome) for operation, outcome in pairs])


def _result(request: Request, operation: PostOperation, outcome: OperationResult) -> schemas.BatchResult:
    if isinstance(outcome, DomainError):
        failure = classify(outcome)
        details = problem(request, failure) | {"instance": _path(request, operation)}
        return schemas.BatchResult.model_validate({"status": failure.status, "post": None, "problem": details})
    if outcome is None:
        return schemas.BatchResult(status=204, post=None, problem=None)
    status = 201 if isinstance(operation, CreatePost) else 200
    return schemas.BatchResult(status=status, post=post(outcome), problem=None)


def _path(request: Request, operation: PostOperation) -> str:
    """The path that a separate request would have: the problem is about the operation, not about the batch."""
    posts = f"{request.scope['root_path']}/posts"
    return posts if isinstance(operation, CreatePost) else f"{posts}/{encode(POST, known(operation.ref))}"


def search_result(hit: SearchHit) -> schemas.SearchResult:
    """Returns a matching post with its rank and highlights."""
    return schemas.SearchResult(
        post=post(hit.post),
        rank=hit.rank,
        highlights=schemas.Highlights(title=hit.highlights.title, content=hit.highlights.content),
    )
