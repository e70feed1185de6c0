"""Invalid input: both versions reject the same values, each in its own format."""

from typing import Any, Final

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.posts import write
from tests.laws.v1_v2.strategies import CONTENTS, TITLES, Draft
from tests.laws.v1_v2.tables.fields import NEW_POST, POST, POST_EDIT, REGISTRATION, USER_EDIT, Shape

EXAMPLE: Final = "post_7zzzzzzzzzzzzzzzzzzzzzzzzz"
_JSON: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.just(2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=1),
    st.just({}),
)
_EDGES: Final = {
    "title": st.one_of(TITLES, st.sampled_from(["", "x" * 201, "a\x00", "\U0001f9ed" * 200, "\U0001f9ed" * 201])),
    "content": st.one_of(CONTENTS, st.sampled_from(["z" * 100_000, "z" * 100_001, "\x00"])),
    "email": st.sampled_from(
        [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a@b.example",
            "a b@c.example",
            "x" * 250 + "@b.example",
            "a@b.example\x00",
        ]
    ),
    "password": st.sampled_from(["", "1234567", "12345678", "p" * 100, "p" * 101, "1234567\x00"]),
    "name": st.sampled_from(["", "n", "n" * 100, "n" * 101, "\x00"]),
}
_NAME_OF: Final = {"full_name": "name"}
_WORDS: Final = {"published", "is_active"}


def _bodies(shape: Shape, *, whole: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of v1 with edge cases and junk for each shared field, complete or with fields missing."""
    values: dict[str, st.SearchStrategy[Any]] = {
        field.old: st.one_of(_EDGES[_NAME_OF.get(field.old, field.old)], _JSON)
        for field in shape.fields
        if field.old not in _WORDS
    }
    # v2 has three words where v1 has a truth, so only truths can be compared; activity is the same in both.
    own_strategies = {"published": st.booleans(), "is_active": st.one_of(st.booleans(), _JSON)}
    values |= {field.old: own_strategies[field.old] for field in shape.fields if field.old in own_strategies}
    return st.fixed_dictionaries(values) if whole else st.fixed_dictionaries({}, optional=values)


def _of_v2(shape: Shape, body: dict[str, Any]) -> dict[str, Any]:
    """The same body for v2."""
    found = {field.new: body[field.old] for field in shape.fields if field.old in body}
    if "published" in body:
        found["status"] = "published" if body["published"] else "draft"
    return found


def ensure_same(
    harness: VersionsHarness, shape: Shape, old: httpx2.Response, new: httpx2.Response, read: Shape | None
) -> None:
    """Both accepted the body, or both rejected the same values for the same reasons."""
    agree(harness, old, new, read, {field.old: field.new for field in shape.fields})


@law(2, body=st.one_of(_bodies(NEW_POST, whole=True), _bodies(NEW_POST, whole=False)))
def new_posts_are_rejected_alike(harness: VersionsHarness, body: dict[str, Any]) -> None:
    """Each value separately, with the same code, at the same path."""
    with harness.rolled_back():
        old = harness.ada.v1.post("/posts", body)
    new = harness.ada.v2.post("/posts", _of_v2(NEW_POST, body))
    ensure_same(harness, NEW_POST, old, new, None)


@law(2, body=_bodies(POST_EDIT, whole=False))
def edits_of_posts_are_rejected_alike(harness: VersionsHarness, body: dict[str, Any]) -> None:
    """A rejected edit has no effect."""
    written = write(harness, harness.ada, Draft("T", "c", published=True))
    before = ok(harness.ada.v2.get(written.new))
    with harness.rolled_back():
        old = harness.ada.v1.put(written.old, body)
        after = ok(harness.ada.v2.get(written.new))
        assert old.is_success or after.headers["ETag"] == before.headers["ETag"]
    new = harness.ada.v2.patch(written.new, _of_v2(POST_EDIT, body))
    ensure_same(harness, POST_EDIT, old, new, None)


@law(2, body=_bodies(USER_EDIT, whole=False))
def edits_of_users_are_rejected_alike(harness: VersionsHarness, body: dict[str, Any]) -> None:
    """Through both operations of v2."""
    patch = _of_v2(USER_EDIT, body)
    with harness.rolled_back():
        old = harness.admin.v1.put(f"/users/{harness.bob.number}", body)
    with harness.rolled_back():
        ensure_same(harness, USER_EDIT, old, harness.admin.v2.patch(f"/users/{harness.bob.name}", patch), None)
    with harness.rolled_back():
        own = harness.bob.v1.put(f"/users/{harness.bob.number}", body)
    ensure_same(harness, USER_EDIT, own, harness.bob.v2.patch("/me", patch), None)


@law(2, body=_bodies(REGISTRATION, whole=True))
def registrations_are_rejected_alike(harness: VersionsHarness, body: dict[str, Any]) -> None:
    """Also through v1's operation for admins."""
    with harness.rolled_back():
        old = harness.stranger.v1.post("/auth/register", body)
    with harness.rolled_back():
        created = harness.admin.v1.post(
            "/users", {{"name": "full_name"}.get(name, name): v for name, v in body.items()}
        )
    new = harness.stranger.v2.post("/auth/registrations", _of_v2(REGISTRATION, body))
    ensure_same(harness, REGISTRATION, old, new, None)
    assert created.status_code == old.status_code
    if not created.is_success:
        assert [issue["msg"] for issue in created.json()["detail"]] == [issue["msg"] for issue in old.json()["detail"]]


@law(
    size=st.one_of(st.integers(-1, 2), st.integers(99, 102), st.sampled_from(["", "x", "1.5"])),
    words=st.one_of(st.none(), st.sampled_from(["", "w", "w" * 500, "w" * 501, "a\x00"])),
)
def query_parameters_are_rejected_alike(harness: VersionsHarness, size: Any, words: str | None) -> None:
    """Parameters of lists and searches, under their names in each version."""
    names = {"page_size": "limit", "search": "q", "query": "q"}
    params = {} if words is None else {"search": words}
    old = harness.ada.v1.get("/posts", page_size=size, **params)
    sought = {} if words is None else {"q": words}
    agree(harness, old, harness.ada.v2.get("/posts", limit=size, **sought), None, names)
    if words is not None:
        old = harness.ada.v1.get("/search", query=words, limit=size)
        agree(harness, old, harness.ada.v2.get("/search/posts", q=words, limit=size), None, names)


_RUBBISH: Final = (b"{", b"[]", b"null", b'"x"', b'{"title": 1e400}', b'{"title": "\\ud800"}', b"\xff", b"")


@law(0.7, raw=st.sampled_from(_RUBBISH))
def junk_bodies_are_rejected_alike(harness: VersionsHarness, raw: bytes) -> None:
    """Bodies that are not JSON objects."""
    head = {"Content-Type": "application/json"}
    old, new = (side.call("POST", "/posts", content=raw, headers=head) for side in (harness.ada.v1, harness.ada.v2))
    agree(harness, old, new)
    assert not old.is_success


@fixed
def unknown_operations_are_rejected_alike(harness: VersionsHarness) -> None:
    """Unknown paths and methods, wrong media types, malformed ids."""
    for path in ("/nowhere", "/posts/1/2/3"):
        agree(harness, harness.ada.v1.get(path), harness.ada.v2.get(path))
    old, new = harness.ada.v1.delete("/posts"), harness.ada.v2.delete("/posts")
    agree(harness, old, new)
    assert old.headers["Allow"] == new.headers["Allow"]
    head = {"Content-Type": "text/plain"}
    old, new = (side.call("POST", "/posts", content=b"{}", headers=head) for side in (harness.ada.v1, harness.ada.v2))
    agree(harness, old, new)
    assert old.status_code == 415
    for identifier in ("0", "-1", "x", "1.0", "post_x", harness.ada.name, "9" * 20):
        for method in ("GET", "DELETE"):
            old = harness.ada.v1.call(method, f"/posts/{identifier}")
            new = harness.ada.v2.call(method, f"/posts/{identifier}")
            assert (old.status_code, new.status_code) == (422, 422), identifier
    agree(harness, harness.ada.v1.get(f"/posts/{2**53 - 1}"), harness.ada.v2.get(f"/posts/{EXAMPLE}"))
    agree(
        harness,
        harness.admin.v1.get(f"/users/{2**53 - 1}"),
        harness.admin.v2.get("/users/usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    )


@fixed
def v2_rejects_unknown_fields_that_v1_ignores(harness: VersionsHarness) -> None:
    """By design: v1 ignores unknown fields and parameters, v2 rejects them. Nothing else differs."""
    body = {"title": "T", "content": "c", "unknown": 1}
    ok(harness.ada.v1.post("/posts", body))
    rejected = harness.ada.v2.post("/posts", body)
    assert [(e["pointer"], e["code"]) for e in rejected.json()["errors"]] == [("#/unknown", "extra_forbidden")]
    ok(harness.ada.v1.get("/posts", unknown="1"))
    assert harness.ada.v2.get("/posts", unknown="1").json()["code"] == "unknown_parameter"
    old, new = harness.admin.v1.get("/users", limit=1001), harness.admin.v2.get("/users", limit=1001)
    assert (old.status_code, old.json()) == (400, {"detail": "Limit cannot exceed 1000"})
    assert (new.status_code, new.json()["code"]) == (422, "validation_failed")
    ok(harness.admin.v1.get("/users", limit=1000))
    sortable = "created_at, title, updated_at, view_count"
    for sort in ("", "unknown", "-", "title,unknown", "-title,-"):
        detail = f"sort takes {sortable}, separated by commas, with - in front for descending."
        _ensure_reported(harness.ada.v2.get("/posts", sort=sort), "sort", "invalid_sort", detail)
    for name, known in (
        ("fields", [*(field.new for field in POST.fields), *POST.only_new]),
        ("include", ["author"]),
    ):
        detail = f"{name} takes {', '.join(sorted(known))}, separated by commas."
        for path in ("/posts", f"/posts/{EXAMPLE}"):
            for value in ("unknown", "", f"{known[0]},unknown"):
                _ensure_reported(harness.ada.v2.get(path, **{name: value}), name, "invalid_choice", detail)
    taken = {"email": harness.bob.email.upper(), "password": "12345678"}
    old = harness.stranger.v1.post("/auth/register", taken | {"name": "N"})
    assert (old.status_code, old.json()["detail"]) == (400, "Email already registered")
    ok(harness.stranger.v2.post("/auth/registrations", taken | {"display_name": "N"}))
    assert [mail.to for mail in harness.mails()] == [harness.bob.email]


def _ensure_reported(response: httpx2.Response, parameter: str, code: str, detail: str) -> None:
    """The error names the parameter and the accepted values."""
    problem = response.json()
    assert (response.status_code, problem["code"], problem["detail"]) == (400, code, detail)
    assert problem["errors"] == [{"pointer": f"#/query/{parameter}", "code": code, "detail": detail}]
