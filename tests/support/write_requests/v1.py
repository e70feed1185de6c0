"""A valid request for every write of v1."""

from tests.support.app import PASSWORD
from tests.support.files import store_file
from tests.support.uploads import png
from tests.support.writes import ADA, NEW, NOBODY, ROOT, ROOT_KEY, Request, Scene


async def register(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/register", {"json": {"email": scene.new_email, "password": PASSWORD, "name": "N"}}


async def verify(scene: Scene) -> Request:
    email = scene.new_email
    token = await scene.token("/api/v1/auth/register", email=email, password=PASSWORD, name="N")
    return "POST", "/api/v1/auth/verify", {"json": {"email": email, "token": token}}


async def login(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/login", {"data": {"username": scene.email, "password": PASSWORD}}


async def refresh(scene: Scene) -> Request:
    return "POST", "/api/v1/auth/refresh", {"json": {"refresh_token": await scene.refresh_token()}}


async def create_post(scene: Scene) -> Request:
    return "POST", "/api/v1/posts", scene.as_ada(json={"title": "T", "content": "C"})


async def update_post(scene: Scene) -> Request:
    return "PUT", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada(json={"title": "N"})


async def delete_post(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada()


async def view_post(scene: Scene) -> Request:
    return "GET", f"/api/v1/posts/{(await scene.post())['v1_id']}", scene.as_ada()


async def create_user(scene: Scene) -> Request:
    body = {"email": scene.new_email, "password": PASSWORD, "full_name": "N"}
    return "POST", "/api/v1/users", scene.as_root(json=body)


async def update_user(scene: Scene) -> Request:
    return "PUT", f"/api/v1/users/{scene.ada.user.id}", scene.as_ada(json={"full_name": scene.name})


async def delete_user(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/users/{scene.ada.user.id}", scene.as_ada()


async def delete_as_admin(scene: Scene) -> Request:
    return "DELETE", f"/api/v1/admin/users/{scene.ada.user.id}", scene.as_root()


async def create_account(scene: Scene) -> Request:
    return "POST", "/api/v1/accounts", scene.as_ada(json={"currency": "EUR"})


async def transfer(scene: Scene) -> Request:
    payer, payee = await scene.money()
    body = {"from_id": payer.id, "to_id": payee.id, "amount": 12.5}
    return "POST", "/api/v1/transfer", scene.as_ada(json=body)


async def upload_file(scene: Scene) -> Request:
    return "POST", "/api/v1/files/upload", scene.as_ada(files={"file": ("a.png", png(), "image/png")})


async def upload_files(scene: Scene) -> Request:
    files = [("files", (f"{number}.png", png(), "image/png")) for number in range(2)]
    return "POST", "/api/v1/files/upload-multiple", scene.as_ada(files=files)


async def delete_file(scene: Scene) -> Request:
    file = await store_file(scene.test_app, scene.ada, "title\n")
    return "DELETE", f"/api/v1/files/{file.id}", scene.as_ada()


async def send_email(scene: Scene) -> Request:
    body = {"to": scene.email, "subject": "Done", "body": "It is done."}
    return "POST", "/api/v1/tasks/send-email", scene.as_ada(json=body)


async def process_csv(scene: Scene) -> Request:
    file = await store_file(scene.test_app, scene.ada, "title\n")
    return "POST", "/api/v1/tasks/process-csv", scene.as_ada(json={"file_id": file.id})


async def generate_report(scene: Scene) -> Request:
    url = "/api/v1/tasks/generate-report?start_date=2026-11-01&end_date=2026-11-30"
    return "POST", url, scene.as_ada()


async def revoke_task(scene: Scene) -> Request:
    body = {"to": scene.email, "subject": "Done", "body": "It is done."}
    made = (await scene.send("POST", "/api/v1/tasks/send-email", json=body)).json()
    return "DELETE", f"/api/v1/tasks/task/{made['task_id']}", scene.as_ada()


async def send_notification(scene: Scene) -> Request:
    url = f"/api/v1/ws/send-notification/{scene.ada.user.id}"
    return "POST", url, scene.as_root(params={"message": "Hello"})


async def create_webhook(scene: Scene) -> Request:
    return "POST", "/api/v1/webhooks", scene.as_ada(json={"url": "https://127.0.0.1:8443/hook"})


async def delete_webhook(scene: Scene) -> Request:
    method, url, options = await create_webhook(scene)
    made = (await scene.send(method, url, **options)).json()
    return "DELETE", f"{url}/{made['id']}", scene.as_ada()


async def trigger_webhooks(scene: Scene) -> Request:
    """Of one webhook."""
    if not (await scene.send("GET", "/api/v1/webhooks")).json():
        await scene.send("POST", "/api/v1/webhooks", json={"url": "https://127.0.0.1:8443/hook"})
    return "POST", "/api/v1/webhooks/trigger", scene.as_ada(params={"event": "post.created"})


WRITES = [
    ("auth.register", register),
    ("auth.verify", verify),
    ("auth.login", login),
    ("auth.refresh", refresh),
    ("posts.create", create_post),
    ("posts.update", update_post),
    ("posts.delete", delete_post),
    ("posts.get", view_post),
    ("users.create", create_user),
    ("users.update", update_user),
    ("users.delete", delete_user),
    ("admin.delete_user", delete_as_admin),
    ("files.upload", upload_file),
    ("files.upload_multiple", upload_files),
    ("files.delete", delete_file),
    ("tasks.send_email", send_email),
    ("tasks.process_csv", process_csv),
    ("tasks.generate_report", generate_report),
    ("tasks.revoke", revoke_task),
    # Last: a user with money is not deleted.
    ("accounts.create", create_account),
    ("transfers.create", transfer),
    ("notifications.create", send_notification),
    ("webhooks.create", create_webhook),
    ("webhooks.delete", delete_webhook),
    ("webhooks.trigger", trigger_webhooks),
]
"""Each operation, and a function that builds a valid request for it."""
EVENTS: dict[str, list[tuple[str, str]]] = {
    "register": [],
    "verify": [("user.registered", NOBODY)],
    "login": [("session.started", NOBODY)],
    "refresh": [],
    "create_post": [("post.created", ADA)],
    "update_post": [("post.updated", ADA)],
    "delete_post": [("post.deleted", ADA)],
    "view_post": [],
    "create_account": [("account.opened", ADA)],
    "transfer": [("transfer.created", ADA)],
    "upload_file": [("file.uploaded", ADA)],
    "upload_files": [("file.uploaded", ADA)] * 2,
    "delete_file": [("file.deleted", ADA)],
    "send_email": [("job.created", ADA)],
    "process_csv": [("job.created", ADA)],
    "generate_report": [("job.created", ADA)],
    "revoke_task": [("job.cancel_requested", ADA)],
    "send_notification": [("notification.created", ROOT)],
    **{f"{act}_webhook": [(f"webhook_endpoint.{act}d", ADA)] for act in ("create", "delete")},
    "trigger_webhooks": [("webhook_endpoint.tested", ADA)],
    "create_user": [("user.created", ROOT)],
    "update_user": [("user.updated", ADA)],
    "delete_user": [
        ("api_key.revoked", ADA),
        *[("post.deleted", ADA)] * 3,
        *[("session.revoked", ADA)] * 3,
        ("user.deleted", ADA),
    ],
    "delete_as_admin": [(name, ROOT) for name in ("api_key.revoked", "session.revoked", "user.deleted")],
}
"""The types of the events of each request, in alphabetical order, and who caused them."""
AUDIT: dict[str, list[tuple[str, str]]] = {
    "create_account": [("account.opened", ADA)],
    "transfer": [],
    **{name: [] for name in ("upload_file", "upload_files", "delete_file")},
    "send_email": [],
    **{name: [] for name in ("process_csv", "generate_report", "revoke_task")},
    "register": [],
    "verify": [("user.registered", NEW)],
    "login": [("session.started", ADA)],
    "refresh": [],
    "create_post": [],
    "update_post": [],
    "delete_post": [],
    "view_post": [],
    "send_notification": [],
    **{f"{act}_webhook": [(f"webhook_endpoint.{act}d", ADA)] for act in ("create", "delete")},
    "trigger_webhooks": [],
    "create_user": [("user.created", ROOT_KEY)],
    "update_user": [],
    "delete_user": [("api_key.revoked", ADA), *[("session.revoked", ADA)] * 3, ("user.deleted", ADA)],
    "delete_as_admin": [(name, ROOT_KEY) for name in ("api_key.revoked", "session.revoked", "user.deleted")],
}
"""The acts that the audit trail contains of each request, in alphabetical order, and the actor."""
