"""The truth about notifications: moderators and administrators send them, each user reads and marks their own."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed notifications."""
    return len(response.json()["data"])


MARKED = Effect("SELECT count(*) FROM notifications WHERE id = $1 AND read_at IS NOT NULL", 1)
ACTS = {
    "notifications.list": Act(count=listed),
    "notifications.read": Act([MARKED], ["notification.read"]),
    "notifications.read_again": Act([MARKED]),
    "notifications.create": Act(
        [Effect("SELECT count(*) FROM notifications WHERE user_id = $1 AND message = 'Hello'", 1)],
        ["notification.created"],
    ),
}
ROWS = """
                                               | anonymous unverified reader author moderator admin deactivated
notifications.list       own notification      | 401       ok:1       ok:1   ok:1   ok:1      ok:1  401t
                         foreign notification  | 401       ok:0       ok:0   ok:0   ok:0      ok:0  401t
notifications.read       own notification      | 401       ok         ok     ok     ok        ok    401t
                         foreign notification  | 401       404n       404n   404n   404n      404n  401t
                         missing notification  | 401       404n       404n   404n   404n      404n  401t
notifications.read_again read notification     | 401       ok         ok     ok     ok        ok    401t
notifications.create     peer                  | 401       403        403    403    ok        ok    401t
                         missing user          | 401       403        403    403    404       404   401t
"""
KEYS = """
notifications.list       own notification      | author ok:1  notifications:read 403
notifications.read       own notification      | author ok    notifications:write 403  notifications:read 403
                         missing notification  | admin  404n  notifications:write 403  notifications:read 403
notifications.create     peer                  | admin  ok    notifications:send 403  notifications:read 403
                         missing user          | admin  404   notifications:send 403  notifications:read 403
"""
OUTCOMES = {"404n": "notification_not_found", "404": "user_not_found"}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
