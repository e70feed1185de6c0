"""A valid request for every write of notifications in v2."""

from tests.support.writes import Request, Scene


async def send_notification(scene: Scene) -> Request:
    return "POST", f"/api/v2/users/{await scene.uid()}/notifications", scene.as_root(json={"message": "Hello"})


async def mark_notification(scene: Scene) -> Request:
    _, url, options = await send_notification(scene)
    sent = (await scene.send("POST", url, **options)).json()["id"]
    return "POST", f"/api/v2/notifications/{sent}/read", scene.as_ada()
