"""Random histories of several users with clients of both versions, compared with a model."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx2
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.laws.v1_v2.agreement import revision
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import Law
from tests.laws.v1_v2.strategies import DRAFTS, POST_EDITS, STATUSES, TITLES, VERSIONS, Draft, post_edit_of_v2

_WRITERS: Final = st.sampled_from(["ada", "bob", "reader", "moderator", "admin"])
_VIEWERS: Final = ("stranger", "ada", "bob", "moderator", "admin")


@dataclass(frozen=True)
class ModelPost:
    """A post of the model."""

    number: int
    name: str
    author: str
    title: str
    content: str
    status: str
    views: int
    revision: int
    dated: bool

    @property
    def v1(self) -> dict[str, Any]:
        return {
            "id": self.number, "title": self.title, "content": self.content,
            "published": self.status == "published", "view_count": self.views,
        }  # fmt: skip

    @property
    def v2(self) -> dict[str, Any]:
        return {
            "id": self.name, "v1_id": self.number, "title": self.title, "content": self.content,
            "status": self.status, "view_count": self.views,
        }  # fmt: skip

    def visible_to(self, viewer: str) -> bool:
        return self.status == "published" or viewer in {self.author, "admin"}

    def edited(self, patch: dict[str, Any]) -> "ModelPost":
        """The post after a merge patch of v2."""
        changed = {name: value for name, value in patch.items() if getattr(self, name) != value}
        after = replace(self, **changed, revision=self.revision + bool(changed))
        return replace(after, dated=after.dated or after.status == "published")


class TwoVersions(RuleBasedStateMachine):
    """Rules are requests of either version; after each, both versions show the model's posts to every viewer."""

    def __init__(self, harness: VersionsHarness) -> None:
        super().__init__()
        self.harness = harness
        self.posts: dict[int, ModelPost] = {}
        self.names = {label: label.title() for label in ("ada", "bob", "rita", "mona", "root")}
        self.rolled_back = ExitStack()
        self.rolled_back.enter_context(harness.rolled_back())

    def teardown(self) -> None:
        self.rolled_back.close()

    def person(self, label: str) -> Caller:
        found: Caller = getattr(self.harness, label)
        return found

    @rule(actor=_WRITERS, draft=DRAFTS, version=VERSIONS)
    def write(self, actor: str, draft: Draft, version: str) -> None:
        caller = self.person(actor)
        response = caller.v1.post("/posts", draft.v1) if version == "v1" else caller.v2.post("/posts", draft.v2)
        if actor == "reader":
            assert response.status_code == 403
            return
        assert response.status_code == 201, response.text
        number = response.json()["id" if version == "v1" else "v1_id"]
        name = self.harness.name_of_post(number)
        created = ModelPost(number, name, actor, draft.title, draft.content, draft.v2["status"], 0, 1, draft.published)
        self.posts[number] = created

    def attempt(
        self, actor: str, data: st.DataObject, act: Callable[[Caller, ModelPost], httpx2.Response], *, moderated: bool
    ) -> tuple[ModelPost, httpx2.Response | None]:
        """Send a write for a post. Returns the post and the response, or None after an expected rejection."""
        post = self.posts[data.draw(st.sampled_from(sorted(self.posts)))]
        response = act(self.person(actor), post)
        allowed = actor == post.author or (moderated and actor in {"moderator", "admin"})
        if actor == "reader":
            expected = 403
        elif not post.visible_to(actor):
            expected = 404
        else:
            expected = 0 if allowed else 403
        assert response.status_code == (expected or response.status_code), response.text
        assert response.is_success == (expected == 0), response.text
        return post, response if expected == 0 else None

    @precondition(lambda self: self.posts)
    @rule(actor=_WRITERS, data=st.data(), edit=POST_EDITS)
    def edit_by_v1(self, actor: str, data: st.DataObject, edit: dict[str, Any]) -> None:
        post, done = self.attempt(actor, data, lambda c, p: c.v1.put(f"/posts/{p.number}", edit), moderated=False)
        if done is not None:
            self.posts[post.number] = post.edited(post_edit_of_v2(edit, post.status))

    @precondition(lambda self: self.posts)
    @rule(
        actor=_WRITERS,
        data=st.data(),
        patch=st.fixed_dictionaries({}, optional={"title": TITLES, "status": STATUSES}),
    )
    def edit_by_v2(self, actor: str, data: st.DataObject, patch: dict[str, Any]) -> None:
        post, done = self.attempt(actor, data, lambda c, p: c.v2.patch(f"/posts/{p.name}", patch), moderated=False)
        if done is not None:
            self.posts[post.number] = post.edited(patch)

    @precondition(lambda self: len(self.posts) > 1)
    @rule(actor=_WRITERS, data=st.data(), version=VERSIONS)
    def remove(self, actor: str, data: st.DataObject, version: str) -> None:
        def act(caller: Caller, post: ModelPost) -> httpx2.Response:
            if version == "v1":
                return caller.v1.delete(f"/posts/{post.number}")
            return caller.v2.delete(f"/posts/{post.name}")

        post, done = self.attempt(actor, data, act, moderated=True)
        if done is not None:
            del self.posts[post.number]
            assert self.harness.admin.v1.get(f"/posts/{post.number}").status_code == 404
            assert self.harness.admin.v2.get(f"/posts/{post.name}").status_code == 404

    @precondition(lambda self: self.posts)
    @rule(actor=st.sampled_from(_VIEWERS), data=st.data(), version=VERSIONS)
    def view(self, actor: str, data: st.DataObject, version: str) -> None:
        post = self.posts[data.draw(st.sampled_from(sorted(self.posts)))]
        caller = self.person(actor)
        if version == "v1":
            response = caller.v1.get(f"/posts/{post.number}")
        else:
            response = caller.v2.post(f"/posts/{post.name}/views")
        assert response.is_success == post.visible_to(actor)
        if response.is_success:
            self.posts[post.number] = replace(post, views=post.views + 1)
        else:
            assert response.status_code == 404

    @rule(actor=st.sampled_from(["ada", "bob"]), name=st.sampled_from(["Ada", "Bob", "Eve"]), version=VERSIONS)
    def rename(self, actor: str, name: str, version: str) -> None:
        caller = self.person(actor)
        if version == "v1":
            response = caller.v1.put(f"/users/{caller.number}", {"full_name": name})
        else:
            response = caller.v2.patch("/me", {"display_name": name})
        assert response.is_success
        self.names[actor] = name

    @invariant()
    def both_show_the_model(self) -> None:
        for label in _VIEWERS:
            viewer = self.person(label)
            expected = [self.posts[n] for n in sorted(self.posts, reverse=True) if self.posts[n].visible_to(label)]
            old = viewer.v1.get("/posts", page_size=100).json()
            assert [_part(item, post.v1) for item, post in zip(old["items"], expected, strict=True)] == [
                post.v1 for post in expected
            ]
            assert [item["author_id"] for item in old["items"]] == [self.person(p.author).number for p in expected]
            assert old["total"] == len(expected)
            new = viewer.v2.get("/posts", limit=100, include="author").json()
            assert [_part(item, post.v2) for item, post in zip(new["data"], expected, strict=True)] == [
                post.v2 for post in expected
            ]
            assert [(i["author"]["id"], i["author"]["display_name"]) for i in new["data"]] == [
                (self.person(p.author).name, self.names[self.person(p.author).label]) for p in expected
            ]
            assert [item["published_at"] is not None for item in new["data"]] == [post.dated for post in expected]
        for post in list(self.posts.values())[-2:]:
            read = self.person(post.author).v2.get(f"/posts/{post.name}")
            assert _part(read.json(), post.v2) == post.v2
            assert revision(read) == str(post.revision)
        for caller in (self.harness.ada, self.harness.bob):
            assert caller.v1.get("/users/me").json()["full_name"] == self.names[caller.label]


def _part(item: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in expected}


@dataclass(frozen=True)
class Machine(Law):
    """A law over histories of requests."""

    def check(self, harness: VersionsHarness, profile: settings | None = None) -> None:
        profile = profile or settings.default
        examples = max(1, round(profile.max_examples * self.share))
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # Hypothesis has no types for it
            lambda: TwoVersions(harness), settings=settings(profile, max_examples=examples, stateful_step_count=12)
        )


interleaved: Final = Machine("machine.interleaved", lambda _: None, {}, 0.6)
"""After any sequence of requests to either version, both versions show the same."""
