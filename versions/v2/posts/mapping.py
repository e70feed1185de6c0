"""Where a v2 post is shaped: pure functions between the wire and the core."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request

from app.errors import DomainError, FieldError, Malformed
from app.http.errors.failures import classify
from app.http.errors.problems import problem
from app.kit.unset import UNSET
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
from app.posts.views import PostStatus, PostView, SearchHit
from versions.kit.typeid import encode
from versions.v2.errors import Problem
from versions.v2.ids import POST, USER, known
from versions.v2.posts import schemas

DEFAULT_SORT: Final = "-created_at"
_SORTABLE: Final = frozenset(field.value for field in SortField)


class InvalidSort(Malformed):
    code = "invalid_sort"

    def __init__(self) -> None:
        detail = f"sort takes {', '.join(sorted(_SORTABLE))}, separated by commas, with - in front for descending."
        super().__init__(detail, fields=[FieldError(("sort",), self.code, detail, "query")])


class InvalidChoice(Malformed):
    code = "invalid_choice"

    def __init__(self, parameter: str, known: Collection[str]) -> None:
        detail = f"{parameter} takes {', '.join(sorted(known))}, separated by commas."
        super().__init__(detail, fields=[FieldError((parameter,), self.code, detail, "query")])


def post(view: PostView) -> schemas.Post:
    """A post as v2 shows it."""
    # The validating constructor is the faster one: it is compiled, model_construct() is a loop over the fields.
    return schemas.Post(
        id=encode(POST, view.uid),
        v1_id=view.id,
        author_id=encode(USER, view.author_uid),
        title=view.title,
        content=view.content,
        status=PostStatus(view.status),
        published_at=view.published_at,
        view_count=view.view_count,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def shaped(view: PostView, fields: Collection[str], include: Collection[str]) -> schemas.AnyPost:
    """The whole post or some of its members, with or without its author."""
    whole = post(view)
    author = schemas.Author(id=encode(USER, view.author_uid), display_name=view.author_name) if include else None
    if fields:
        # Not `getattr`, which warns of a deprecated member each time; its caller is told by a header.
        members: dict[str, Any] = {name: whole.__dict__[name] for name in fields}
        return schemas.PartialPost.model_construct(**members | ({"author": author} if author else {}))
    if author is not None:
        return schemas.PostWithAuthor.model_construct(**whole.__dict__, author=author)
    return whole


def draft(body: schemas.PostCreate) -> PostDraft:
    """The post to write."""
    return PostDraft(title=body.title, content=body.content, status=PostStatus(body.status))


def edit(patch: schemas.PostPatch) -> PostEdit:
    """The members that the patch holds; the defaults of the others mean nothing."""
    given = patch.model_fields_set
    return PostEdit(
        title=patch.title if "title" in given else UNSET,
        content=patch.content if "content" in given else UNSET,
        status=patch.status if "status" in given else UNSET,
    )


def wanted(status: PostStatus | None, author_id: UUID | None, q: str | None) -> PostFilter:
    """Which posts to list."""
    return PostFilter(status=status, author=author_id, query=q)


def sort(text: str) -> tuple[Sort, ...]:
    """``-created_at,title``; a field that comes again changes nothing. Raises ``InvalidSort``."""
    keys: dict[SortField, Sort] = {}
    for part in text.split(","):
        field = SortField(_sortable(part))
        keys.setdefault(field, Sort(field, part.startswith("-")))
    return tuple(keys.values())


def _sortable(part: str) -> str:
    name = part.removeprefix("-")
    if name not in _SORTABLE:
        raise InvalidSort
    return name


def choices(parameter: str, text: str | None, known: Collection[str]) -> list[str]:
    """A list of names, separated by commas. Raises ``InvalidChoice``."""
    names = [] if text is None else list(dict.fromkeys(text.split(",")))
    if not set(names) <= set(known):
        raise InvalidChoice(parameter, known)
    return names


def operations(batch: schemas.Batch) -> list[PostOperation]:
    """What the batch is to do."""
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
    request: Request, asked: Sequence[PostOperation], outcomes: Sequence[OperationResult]
) -> schemas.BatchResults:
    """One result for each operation."""
    pairs = zip(asked, outcomes, strict=True)
    return schemas.BatchResults(results=[_result(request, operation, outcome) for operation, outcome in pairs])


def _result(request: Request, operation: PostOperation, outcome: OperationResult) -> schemas.BatchResult:
    if isinstance(outcome, DomainError):
        failure = classify(outcome)
        told = problem(request, failure) | {"instance": _path(request, operation)}
        return schemas.BatchResult(status=failure.status, post=None, problem=Problem.model_validate(told))
    if outcome is None:
        return schemas.BatchResult(status=204, post=None, problem=None)
    status = 201 if isinstance(operation, CreatePost) else 200
    return schemas.BatchResult(status=status, post=post(outcome), problem=None)


def _path(request: Request, operation: PostOperation) -> str:
    """Where the operation would have gone as a request of its own: that is what went wrong, not the batch."""
    posts = f"{request.scope['root_path']}/posts"
    return posts if isinstance(operation, CreatePost) else f"{posts}/{encode(POST, known(operation.ref))}"


def search_result(hit: SearchHit) -> schemas.SearchResult:
    """A post that fits, with the reason."""
    return schemas.SearchResult(
        post=post(hit.post),
        rank=hit.rank,
        highlights=schemas.Highlights(title=hit.highlights.title, content=hit.highlights.content),
    )
