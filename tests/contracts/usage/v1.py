"""Uses the generated Python client of v1, as an integrator would. Arguments: URL EMAIL PASSWORD."""

import sys

from strata_v1 import AuthenticatedClient, Client
from strata_v1.api.auth import auth_login
from strata_v1.api.posts import posts_create, posts_delete, posts_get, posts_list, posts_update
from strata_v1.models import (
    Error,
    LoginForm,
    PostCreate,
    PostPage,
    PostResponse,
    PostUpdate,
    TokenResponse,
    ValidationFailure,
)


def main(url: str, email: str, password: str) -> None:
    base = f"{url}/api/v1"
    with Client(base_url=base, raise_on_unexpected_status=True) as anonymous:
        wrong = auth_login.sync(client=anonymous, body=LoginForm(username=email, password="a wrong password"))
        assert isinstance(wrong, Error)
        assert wrong.detail
        tokens = auth_login.sync(client=anonymous, body=LoginForm(username=email, password=password))
        assert isinstance(tokens, TokenResponse)
    with AuthenticatedClient(base_url=base, token=tokens.access_token, raise_on_unexpected_status=True) as client:
        posts(client)


def posts(client: AuthenticatedClient) -> None:
    written = posts_create.sync(client=client, body=PostCreate(title="Written", content="With a client."))
    assert isinstance(written, PostResponse)
    assert not written.published

    edited = posts_update.sync(written.id, client=client, body=PostUpdate(title="Edited", published=True))
    assert isinstance(edited, PostResponse)

    listed = posts_list.sync(client=client)
    assert isinstance(listed, PostPage)
    assert [(post.id, post.title) for post in listed.items] == [(written.id, "Edited")]

    rejected = posts_create.sync(client=client, body=PostCreate(title="", content="Titles are not empty."))
    assert isinstance(rejected, ValidationFailure)
    assert isinstance(rejected.detail, list)
    assert rejected.detail[0].loc == ["body", "title"]

    assert posts_delete.sync_detailed(written.id, client=client).status_code == 204
    deleted = posts_get.sync(written.id, client=client)
    assert isinstance(deleted, Error)
    assert deleted.detail == "Post not found"


if __name__ == "__main__":
    main(*sys.argv[1:])
