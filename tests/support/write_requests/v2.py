"""A valid request for every write of v2."""

from typing import Any
from uuid import uuid4

from tests.support.app import PASSWORD
from tests.support.identities import link, request_confirmation
from tests.support.write_requests import v2_deliveries, v2_files, v2_jobs, v2_webhooks
from tests.support.write_requests.v2_notifications import mark_notification, send_notification
from tests.support.writes import ADA, DRAFT, NEW, NEW_PASSWORD, NOBODY, ROOT, ROOT_KEY, Request, Scene
from versions.kit.typeid import encode


async def _operations(scene: Scene) -> list[dict[str, Any]]:
    first, second = (await scene.post())["id"], (await scene.post())["id"]
    return [
        {"op": "create", "post": DRAFT},
        {"op": "update", "id": first, "patch": {"title": "N"}},
        {"op": "delete", "id": second},
    ]


async def register(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "display_name": "N"}
    return "POST", "/api/v2/auth/registrations", {"json": body}


async def register_again(scene: Scene) -> Request:
    body = {"email": scene.email, "password": PASSWORD, "display_name": "N"}
    return "POST", "/api/v2/auth/registrations", {"json": body}


async def verify(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "display_name": "N"}
    token = await scene.token("/api/v2/auth/registrations", **body)
    return "POST", "/api/v2/auth/verifications", {"json": {"token": token}}


async def resend(scene: Scene) -> Request:
    other = await scene.test_app.person(scene.new_email, verified=False)
    return "POST", "/api/v2/auth/verifications/resend", {"json": {"email": other.user.email}}


async def request_reset(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/password-resets", {"json": {"email": scene.email}}


async def confirm_reset(scene: Scene) -> Request:
    token = await scene.token("/api/v2/auth/password-resets", email=scene.email)
    return "POST", "/api/v2/auth/password-resets/confirm", {"json": {"token": token, "password": NEW_PASSWORD}}


async def reauthenticate(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/reauthentications", scene.as_ada(json={"password": PASSWORD})


async def revoke(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/revoke", {"data": {"token": await scene.refresh_token()}}


async def delete_session(scene: Scene) -> Request:
    await scene.refresh_token()
    newest = (await scene.send("GET", "/api/v2/auth/sessions")).json()["data"][0]["id"]
    return "DELETE", f"/api/v2/auth/sessions/{newest}", scene.as_ada()


async def delete_other_sessions(scene: Scene) -> Request:
    await scene.refresh_token()
    return "DELETE", "/api/v2/auth/sessions", scene.as_ada()


async def _api_key(scene: Scene) -> str:
    body = {"name": "Deployment", "scopes": ["posts:read"]}
    return str((await scene.send("POST", "/api/v2/api-keys", json=body)).json()["id"])


async def create_api_key(scene: Scene) -> Request:
    return "POST", "/api/v2/api-keys", scene.as_ada(json={"name": scene.name, "scopes": ["posts:read"]})


async def update_api_key(scene: Scene) -> Request:
    return "PATCH", f"/api/v2/api-keys/{await _api_key(scene)}", scene.as_ada(json={"name": scene.name})


async def rotate_api_key(scene: Scene) -> Request:
    return "POST", f"/api/v2/api-keys/{await _api_key(scene)}/rotate", scene.as_ada(json={"overlap_seconds": 60})


async def delete_api_key(scene: Scene) -> Request:
    return "DELETE", f"/api/v2/api-keys/{await _api_key(scene)}", scene.as_ada()


async def delete_any_api_key(scene: Scene) -> Request:
    root = await scene.test_app.session(scene.root)
    return "DELETE", f"/api/v2/admin/api-keys/{await _api_key(scene)}", {"headers": root}


async def visit_provider(scene: Scene) -> Request:
    return "POST", "/api/v2/auth/providers/github/visits", scene.as_ada(json={"purpose": "link"})


async def confirm_identity(scene: Scene) -> Request:
    token = await request_confirmation(scene.test_app, scene.ada.user)
    return "POST", "/api/v2/auth/identity-confirmations", {"json": {"token": token}}


async def unlink_identity(scene: Scene) -> Request:
    identity = await link(scene.test_app, scene.ada.user)
    return "DELETE", f"/api/v2/me/identities/{encode('idn', identity.uid)}", scene.as_ada()


async def sign_in(scene: Scene) -> Request:
    form = {"grant_type": "password", "username": scene.email, "password": PASSWORD}
    return "POST", "/api/v2/auth/token", {"data": form}


async def refresh(scene: Scene) -> Request:
    form = {"grant_type": "refresh_token", "refresh_token": await scene.refresh_token()}
    return "POST", "/api/v2/auth/token", {"data": form}


async def update_me(scene: Scene) -> Request:
    return "PATCH", "/api/v2/me", scene.as_ada(json={"display_name": scene.name})


async def set_password(scene: Scene) -> Request:
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    return "PUT", "/api/v2/me/password", scene.as_ada(json=body)


async def create_post(scene: Scene) -> Request:
    return "POST", "/api/v2/posts", scene.as_ada(json=DRAFT)


async def batch(scene: Scene) -> Request:
    return "POST", "/api/v2/posts/batch", scene.as_ada(json={"operations": await _operations(scene)})


async def atomic_batch(scene: Scene) -> Request:
    body = {"operations": await _operations(scene), "atomic": True}
    return "POST", "/api/v2/posts/batch", scene.as_ada(json=body)


async def update_post(scene: Scene) -> Request:
    return "PATCH", f"/api/v2/posts/{(await scene.post())['id']}", scene.as_ada(json={"title": "N"})


async def delete_post(scene: Scene) -> Request:
    return "DELETE", f"/api/v2/posts/{(await scene.post())['id']}", scene.as_ada()


async def view_post(scene: Scene) -> Request:
    return "POST", f"/api/v2/posts/{(await scene.post())['id']}/views", scene.as_ada()


async def update_user(scene: Scene) -> Request:
    return "PATCH", f"/api/v2/users/{await scene.uid()}", scene.as_root(json={"display_name": scene.name})


async def delete_user(scene: Scene) -> Request:
    return "DELETE", f"/api/v2/users/{await scene.uid()}", scene.as_root()


async def set_roles(scene: Scene) -> Request:
    return "PUT", f"/api/v2/users/{await scene.uid()}/roles", scene.as_root(json={"roles": ["moderator"]})


def _keyed(headers: dict[str, str], **options: Any) -> dict[str, Any]:
    return {"headers": {**headers, "Idempotency-Key": f'"{uuid4()}"'}, **options}


async def _transfer(scene: Scene) -> dict[str, str]:
    payer, payee = await scene.money()
    accounts = {"from_account_id": encode("acct", payer.uid), "to_account_id": encode("acct", payee.uid)}
    return {**accounts, "amount": "12.50", "currency": "EUR"}


async def _made(scene: Scene, path: str) -> str:
    options = _keyed(scene.session, json=await _transfer(scene))
    return str((await scene.send("POST", path, **options)).json()["id"])


async def create_account(scene: Scene) -> Request:
    return "POST", "/api/v2/accounts", scene.as_ada(json={"currency": "EUR"})


async def create_transfer(scene: Scene) -> Request:
    return "POST", "/api/v2/transfers", _keyed(scene.session, json=await _transfer(scene))


async def reverse_transfer(scene: Scene) -> Request:
    return "POST", f"/api/v2/transfers/{await _made(scene, '/api/v2/transfers')}/reverse", _keyed(scene.root.headers)


async def create_hold(scene: Scene) -> Request:
    return "POST", "/api/v2/holds", _keyed(scene.session, json=await _transfer(scene))


async def capture_hold(scene: Scene) -> Request:
    return "POST", f"/api/v2/holds/{await _made(scene, '/api/v2/holds')}/capture", _keyed(scene.root.headers, json={})


async def release_hold(scene: Scene) -> Request:
    return "POST", f"/api/v2/holds/{await _made(scene, '/api/v2/holds')}/release", _keyed(scene.root.headers)


WRITES = [
    *(("registrations.create", register), ("registrations.create", register_again)),
    *(("verifications.create", verify), ("verifications.resend", resend)),
    *(("password_resets.create", request_reset), ("password_resets.confirm", confirm_reset)),
    *(("reauthentications.create", reauthenticate), ("tokens.revoke", revoke)),
    *(("sessions.delete", delete_session), ("sessions.delete_others", delete_other_sessions)),
    *(("api_keys.create", create_api_key), ("api_keys.update", update_api_key), ("api_keys.rotate", rotate_api_key)),
    *(("api_keys.delete", delete_api_key), ("api_keys.delete_any", delete_any_api_key)),
    *(("providers.visit", visit_provider), ("identity_confirmations.create", confirm_identity)),
    *(("identities.delete", unlink_identity), ("tokens.create", sign_in), ("tokens.create", refresh)),
    *(("me.update", update_me), ("me.set_password", set_password)),
    *(("posts.create", create_post), ("posts.batch", batch), ("posts.batch", atomic_batch)),
    *(("posts.update", update_post), ("posts.delete", delete_post), ("posts.view", view_post)),
    *v2_jobs.WRITES,
    *v2_files.WRITES,
    *(("users.update", update_user), ("users.delete", delete_user), ("users.set_roles", set_roles)),
    # Last: a user with money is not deleted.
    *(("accounts.create", create_account), ("transfers.create", create_transfer)),
    *(("transfers.reverse", reverse_transfer), ("holds.create", create_hold), ("holds.capture", capture_hold)),
    ("holds.release", release_hold),
    *(("notifications.create", send_notification), ("notifications.read", mark_notification)),
    *v2_webhooks.WRITES,
    *v2_deliveries.WRITES,
]
"""Each operation, and a function that builds a valid request for it."""
BATCH = [("post.created", ADA), ("post.deleted", ADA), ("post.published", ADA), ("post.updated", ADA)]
EVENTS: dict[str, list[tuple[str, str]]] = {
    **{name: [] for name in ("register", "register_again", "resend", "request_reset", "visit_provider", "refresh")},
    **{name: [] for name in ("reauthenticate", "view_post")},
    "verify": [("user.registered", NOBODY)],
    "confirm_reset": [("session.revoked", NOBODY), ("user.password_reset", NOBODY)],
    **{name: [("session.revoked", ADA)] for name in ("delete_session", "delete_other_sessions")},
    **{f"{act}_api_key": [(f"api_key.{act}d", ADA)] for act in ("create", "update", "rotate")},
    **{f"delete_{which}": [("api_key.revoked", who)] for which, who in (("api_key", ADA), ("any_api_key", ROOT))},
    "confirm_identity": [("identity.linked", NOBODY)],
    "unlink_identity": [("identity.unlinked", ADA)],
    "sign_in": [("session.started", NOBODY)],
    "revoke": [("session.revoked", NOBODY)],
    **{name: [("user.updated", who)] for name, who in (("update_me", ADA), ("update_user", ROOT))},
    "set_password": [*[("session.revoked", ADA)] * 2, ("user.updated", ADA)],
    "create_post": [("post.created", ADA), ("post.published", ADA)],
    **dict.fromkeys(("batch", "atomic_batch"), BATCH),
    **{f"{act}_post": [(f"post.{act}d", ADA)] for act in ("update", "delete")},
    **{name: [("job.created", ADA)] for name in ("import_posts", "generate_report", "export_posts")},
    **{f"{act}_job": [(f"job.{done}", ADA)] for act, done in (("create", "created"), ("cancel", "cancel_requested"))},
    "create_account": [("account.opened", ADA)],
    **{f"{act}_transfer": [("transfer.created", who)] for act, who in (("create", ADA), ("reverse", ROOT))},
    "create_hold": [("hold.created", ADA)],
    "capture_hold": [("hold.resolved", ROOT), ("transfer.created", ROOT)],
    "release_hold": [("hold.resolved", ROOT)],
    "send_notification": [("notification.created", ROOT)],
    "mark_notification": [("notification.read", ADA)],
    "delete_user": [
        (name, ROOT) for name in ("api_key.revoked", *["post.deleted"] * 7, "session.revoked", "user.deleted")
    ],
    "set_roles": [("user.roles_changed", ROOT)],
    **v2_webhooks.EVENTS,
    **v2_files.EVENTS,
    **v2_deliveries.NO_EVENTS,
}
"""The types of the events of each request, in alphabetical order, and who caused them."""
AUDIT: dict[str, list[tuple[str, str]]] = {
    **{name: EVENTS[name] for name in ("create_account", "delete_session", "delete_other_sessions", "unlink_identity")},
    **{name: EVENTS[name] for name in ("create_api_key", "update_api_key", "rotate_api_key", "delete_api_key")},
    **{name: [] for name in ("register", "register_again", "resend", "request_reset", "visit_provider", "refresh")},
    **{
        name: []
        for name in ("create_transfer", "reverse_transfer", "create_hold", "capture_hold", "release_hold", "create_job")
    },
    **{name: [] for name in ("create_post", "batch", "atomic_batch", "update_post", "delete_post", "view_post")},
    **{name: [] for name in ("update_me", "update_user", "send_notification", "mark_notification", "cancel_job")},
    **{name: [] for name in ("import_posts", "generate_report", "export_posts")},
    "delete_any_api_key": EVENTS["delete_any_api_key"],
    "verify": [("user.registered", NEW)],
    "confirm_reset": [("session.revoked", ADA), ("user.password_reset", ADA)],
    "reauthenticate": [("user.reauthentication", ADA)],
    "revoke": [("session.revoked", ADA)],
    "confirm_identity": [("identity.linked", ADA)],
    "sign_in": [("session.started", ADA)],
    "set_password": [*[("session.revoked", ADA)] * 2, ("user.password_changed", ADA)],
    "delete_user": [(name, ROOT_KEY) for name in ("api_key.revoked", "session.revoked", "user.deleted")],
    "set_roles": [("user.roles_changed", ROOT_KEY)],
    **v2_webhooks.EVENTS,
    **{name: [] for name in v2_files.EVENTS},
    **v2_deliveries.NO_EVENTS,
}
"""The acts that the audit trail contains of each request, in alphabetical order, and the actor."""
