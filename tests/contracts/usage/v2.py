"""Uses the generated Python client of v2, as an integrator would. Arguments: URL EMAIL PASSWORD."""

import sys

from strata_v2 import AuthenticatedClient, Client
from strata_v2.api.auth import tokens_create
from strata_v2.api.posts import posts_create, posts_delete, posts_get, posts_list, posts_update
from strata_v2.models import (
    ForbiddenProblem,
    Post,
    PostCreate,
    PostCreateStatus,
    PostPatch,
    PostsGetFieldsItem,
    PostsListIncludeItem,
    PostStatus,
    PostWithAuthor,
    Problem,
    QuotaProblem,
    TokenError,
    TokenForm,
    TokenFormGrantType,
    Tokens,
)
from strata_v2.types import Unset


def main(url: str, email: str, password: str) -> None:
    base = f"{url}/api/v2"
    with Client(base_url=base, raise_on_unexpected_status=True) as anonymous:
        wrong = tokens_create.sync(client=anonymous, body=form(email, "a wrong password"))
        assert isinstance(wrong, TokenError)
        assert wrong.error == "invalid_grant"
        tokens = tokens_create.sync(client=anonymous, body=form(email, password))
        assert isinstance(tokens, Tokens)
    with AuthenticatedClient(base_url=base, token=tokens.access_token, raise_on_unexpected_status=True) as client:
        posts(client)


def form(email: str, password: str) -> TokenForm:
    return TokenForm(grant_type=TokenFormGrantType.PASSWORD, username=email, password=password)


def posts(client: AuthenticatedClient) -> None:
    draft = PostCreate(title="Written", content="With a client.", status=PostCreateStatus.PUBLISHED)
    first = posts_create.sync_detailed(client=client, body=draft, idempotency_key='"key"')
    retry = posts_create.sync_detailed(client=client, body=draft, idempotency_key='"key"')
    written = first.parsed
    assert isinstance(written, Post)
    assert isinstance(retry.parsed, Post)
    assert retry.parsed.id == written.id

    tag = first.headers["ETag"]
    edited = posts_update.sync(written.id, client=client, body=PostPatch(title="Edited"), if_match=tag)
    assert isinstance(edited, Post)
    late = posts_update.sync(written.id, client=client, body=PostPatch(title="Late"), if_match=tag)
    assert isinstance(late, Problem)
    assert late.status == 412

    listed = posts_list.sync(client=client, status=PostStatus.PUBLISHED, include=[PostsListIncludeItem.AUTHOR])
    assert listed is not None
    assert not isinstance(listed, ForbiddenProblem | Problem | QuotaProblem)
    assert not listed.has_more
    found = listed.data[0]
    assert isinstance(found, PostWithAuthor)
    assert (found.id, found.title, found.author.id) == (written.id, "Edited", written.author_id)

    chosen = posts_get.sync(written.id, client=client, fields=[PostsGetFieldsItem.TITLE, PostsGetFieldsItem.ID])
    assert chosen is not None
    assert not isinstance(chosen, ForbiddenProblem | Problem | QuotaProblem)
    assert (chosen.id, chosen.title) == (written.id, "Edited")
    assert isinstance(chosen.status, Unset)

    rejected = posts_create.sync(client=client, body=PostCreate(title="", content="Titles are not empty."))
    assert isinstance(rejected, Problem)
    assert rejected.errors[0].pointer == "#/title"

    assert posts_delete.sync_detailed(written.id, client=client).status_code == 204
    deleted = posts_get.sync(written.id, client=client)
    assert isinstance(deleted, Problem)
    assert deleted.code == "post_not_found"


if __name__ == "__main__":
    main(*sys.argv[1:])
