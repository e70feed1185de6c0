"""The truth about users: their profiles, passwords, roles and deletion.

"old-author" and "old-admin" are users whose session is an hour old, so it is no fresh proof of identity. "ended" is the
author with credentials that are not valid: a revoked, an expired or another user's session, a revoked or expired key.
"""

from collections.abc import Sequence
from typing import Final

import httpx2

from tests.truth.table import Act, Effect, Table

OPEN = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL"
GONE = Effect("SELECT count(*) FROM users WHERE id = $1", 0)
UPDATED = ("user.updated",)


def listed(response: httpx2.Response) -> int:
    """The number of listed users."""
    body = response.json()
    return len(body if isinstance(body, list) else body.get("items", body.get("data")))


SESSIONS: Final = ("session.revoked",)
OWNED: Final = (*SESSIONS, "api_key.revoked", "identity.unlinked", "post.deleted")
"""What is deleted with a user."""


def permitted(response: httpx2.Response) -> int:
    """The number of permissions that the response shows."""
    return len(response.json()["permissions"])


def edits(
    name: str,
    effects: Sequence[Effect] = (),
    events: Sequence[str] = UPDATED,
    mails: Sequence[str] | None = None,
    ended: Sequence[str] = (),
) -> dict[str, Act]:
    """An edit of any user, ``users.<name>``, and one of the caller's own user, ``me.<name>``."""
    return dict.fromkeys((f"users.{name}", f"me.{name}"), Act(effects, events, mails=mails, ended=ended))


ACTS = {
    "me.get": Act(),
    "me.permissions": Act(count=permitted),
    "users.get": Act(),
    "users.list": Act(count=listed),
    "users.create": Act(
        [Effect("SELECT roles FROM users WHERE email = 'new@example.com' AND is_verified", ["author"])],
        ["user.created"],
    ),
    "users.create_taken": Act(),
    **edits("rename", [Effect("SELECT display_name FROM users WHERE id = $1", "New")]),
    **edits("edit_nothing", events=()),
    **edits("keep", events=()),
    **edits(
        "move",
        [Effect("SELECT email FROM users WHERE id = $1 AND NOT is_verified", "moved@example.com")],
        mails=["Verify your e-mail address"],
    ),
    # Another spelling of the same address.
    "me.respell": Act(
        [Effect("SELECT is_verified AND email <> lower(email) FROM users WHERE id = $1", value=True)], UPDATED
    ),
    **edits("move_to_taken", events=()),
    **edits(
        "deactivate",
        [Effect("SELECT is_active FROM users WHERE id = $1", value=False), Effect(OPEN, 0)],
        ended=SESSIONS,
    ),
    "users.activate": Act([Effect("SELECT is_active FROM users WHERE id = $1", value=True)], UPDATED),
    "users.rename_stale": Act(),
    "me.rename_stale": Act(),
    "me.rename_current": Act([Effect("SELECT revision FROM users WHERE id = $1", 2)], UPDATED),
    "me.move_with_password": Act([Effect("SELECT email FROM users WHERE id = $1", "moved@example.com")], UPDATED),
    "me.set_password": Act([Effect(OPEN, 1)], UPDATED, ended=SESSIONS),
    "me.set_password_unproven": Act([Effect(OPEN, 1)], UPDATED, ended=SESSIONS),
    "me.set_password_wrong_proof": Act(),
    "users.set_password": Act([Effect(OPEN, 0)], UPDATED, ended=SESSIONS),
    "users.set_password_unproven": Act([Effect(OPEN, 0)], UPDATED, ended=SESSIONS),
    "users.delete": Act([GONE], ["user.deleted"], ended=OWNED),
    "users.delete_as_admin": Act([GONE], ["user.deleted"], ended=OWNED),
    "users.delete_stale": Act(),
    "users.set_roles": Act([Effect("SELECT roles FROM users WHERE id = $1", ["moderator"])], ["user.roles_changed"]),
    "users.keep_roles": Act(),
    "users.set_roles_stale": Act(),
}

ROWS = """
                                             | anonymous unverified reader author other moderator admin deactivated
me.get                   own                 | 401       ok         ok     ok     ok    ok        ok    401t
me.permissions           own                 | 401       ok:19      ok:18  ok:19  ok:19 ok:21     ok:31 401t
users.get                own                 | 401       ok         ok     ok     ok    ok        ok    401t
                         peer                | 401       403        403    403    403   403       ok    401t
                         deactivated user    | 401       403        403    403    403   403       ok    -
                         deleted user        | 401       403        403    403    403   403       404   401t
                         missing user        | 401       403        403    403    403   403       404   401t
users.list               -                   | 401       403        403    403    403   403       ok:9  401t
users.create             -                   | 401       403        403    403    403   403       ok    401t
users.create_taken       -                   | 401       403        403    403    403   403       409e  401t
me.rename                own                 | 401       ok         ok     ok     ok    ok        ok    401t
users.rename             peer                | 401       403o       403o   403o   403o  403o      ok    401t
                         deactivated user    | 401       403o       403o   403o   403o  403o      ok    -
                         deleted user        | 401       403o       403o   403o   403o  403o      404   401t
                         missing user        | 401       403o       403o   403o   403o  403o      404   401t
me.edit_nothing          own                 | 401       ok         ok     ok     ok    ok        ok    401t
users.edit_nothing       peer                | 401       403o       403o   403o   403o  403o      ok    401t
me.keep                  own                 | 401       ok         ok     ok     ok    ok        ok    401t
users.keep               peer                | 401       403o       403o   403o   403o  403o      ok    401t
users.move               peer                | 401       403o       403o   403o   403o  403o      ok    401t
me.move_to_taken         own                 | 401       403        403    403    403   403       409e  401t
users.move_to_taken      peer                | 401       403o       403o   403o   403o  403o      409e  401t
me.deactivate            own                 | 401       403        403    403    403   403       ok    401t
users.deactivate         peer                | 401       403o       403o   403o   403o  403o      ok    401t
                         second admin        | 401       403o       403o   403o   403o  403o      ok    401t
                         last admin          | 401       403o       403o   403o   403o  403o      409   401t
                         missing user        | 401       403o       403o   403o   403o  403o      404   401t
users.activate           deactivated user    | 401       403o       403o   403o   403o  403o      ok    -
me.rename_stale          own                 | 401       412        412    412    412   412       412   401t
me.rename_current        own                 | 401       ok         ok     ok     ok    ok        ok    401t
users.rename_stale       peer                | 401       403o       403o   403o   403o  403o      412   401t
users.delete             own                 | 401       ok         ok     ok     ok    ok        ok    401t
                         peer                | 401       403        403    403    403   403       ok    401t
                         second admin        | 401       403        403    403    403   403       ok    401t
                         last admin          | 401       403        403    403    403   403       409   401t
                         deleted user        | 401       403        403    403    403   403       404   401t
                         missing user        | 401       403        403    403    403   403       404   401t
                         own, with money     | 401       409m       409m   409m   409m  409m      409m  401t
                         peer with money     | 401       403        403    403    403   403       409m  401t
                         peer with an empty account | 401 403       403    403    403   403       ok    401t
users.delete_stale       own                 | 401       412        412    412    412   412       412   401t
                         peer                | 401       403        403    403    403   403       412   401t
users.delete_as_admin    own                 | 401       403        403    403    403   403       ok    401t
                         own, with money     | 401       403        403    403    403   403       409m  401t
                         peer with money     | 401       403        403    403    403   403       409m  401t
                         peer                | 401       403        403    403    403   403       ok    401t
                         last admin          | 401       403        403    403    403   403       409   401t
                         deleted user        | 401       403        403    403    403   403       404   401t
users.set_roles          own                 | 401       403        403    403    403   403       ok    401t
                         peer                | 401       403        403    403    403   403       ok    401t
                         second admin        | 401       403        403    403    403   403       ok    401t
                         last admin          | 401       403        403    403    403   403       409   401t
                         deleted user        | 401       403        403    403    403   403       404   401t
users.keep_roles         peer                | 401       403        403    403    403   403       ok    401t
users.set_roles_stale    peer                | 401       403        403    403    403   403       412   401t

                                                   | anonymous unverified author old-author admin old-admin deactivated
me.move                  own                       | 401       403        403    403        ok    403f      401t
me.move_with_password    own                       | 401       403        403    403        ok    ok        401t
users.move               peer                      | -         -          -      403o       -     403f      -
me.set_password          own                       | 401       ok         ok     ok         ok    ok        401t
me.set_password_unproven     own                   | 401       ok         ok     403f       ok    403f      401t
me.set_password_wrong_proof  own                   | 401       403p       403p   403p       403p  403p      401t
users.set_password       peer                      | 401       403o       403o   403o       ok    ok        401t
                         missing user              | 401       403o       403o   403o       404   404       401t
users.set_password_unproven  peer                  | 401       403o       403o   403o       ok    403f      401t

                                                       | ended
me.get                   own                           | 401t
me.permissions           own                           | 401t
users.get                own                           | 401t

                                                       | admin
me.respell               own                           | ok
me.move                  own, second admin inactive    | 409
                         own, second admin unverified  | 409
users.move               second admin unverified       | ok
users.delete             own, second admin inactive    | 409
                         own, second admin unverified  | 409
                         second admin inactive         | ok
                         second admin unverified       | ok
me.deactivate            own, second admin inactive    | 409
                         own, second admin unverified  | 409
users.deactivate         second admin unverified       | ok
users.delete_as_admin    own, second admin inactive    | 409
                         own, second admin unverified  | 409
users.set_roles          own, second admin inactive    | 409
                         own, second admin unverified  | 409
                         second admin inactive         | ok
"""

# Owner of the key, the outcome with all scopes, then each needed scope with the outcome without it. A scope grants
# nothing that the owner's role does not.
KEYS = """
me.get                   own           | author ok    profile:read 403
me.permissions           own           | author ok
users.get                own           | author ok    profile:read 403
                         peer          | admin  ok    users:read 403
                         peer          | author 403   users:read 403
                         missing user  | admin  404   users:read 403
users.list               -             | admin  ok:9  users:read 403
                         -             | author 403   users:read 403
users.create             -             | admin  ok    users:write 403    users:read 403
                         -             | author 403   users:write 403    users:read 403
me.rename                own           | author ok    profile:write 403  profile:read 403
                         own           | admin  ok    profile:write 403  profile:read 403
users.rename             peer          | admin  ok    users:write 403o   users:read 403
                         missing user  | admin  404   users:write 403o   users:read 403
me.edit_nothing          own           | author ok    profile:write 403  profile:read 403
me.move                  own           | admin  ok    profile:write 403  profile:read 403  users:write 403 \
                                                      credentials:write 403
users.move               peer          | admin  ok    users:write 403o   users:read 403    credentials:write 403
me.deactivate            own           | admin  ok    profile:write 403  profile:read 403  users:write 403
                         last admin    | admin  409   profile:write 403  profile:read 403  users:write 403
users.deactivate         peer          | admin  ok    users:write 403o   users:read 403
                         peer          | author 403o  users:write 403o   users:read 403o
me.set_password          own           | author ok    profile:write 403  profile:read 403  credentials:write 403
me.set_password_unproven  own          | author ok    profile:write 403  profile:read 403  credentials:write 403
users.set_password       peer          | admin  ok    users:write 403o   users:read 403    credentials:write 403
me.rename_stale          own           | author 412   profile:write 403  profile:read 403
users.delete             own           | author ok    profile:write 403
                         peer          | admin  ok    users:delete 403
                         last admin    | admin  409   profile:write 403
                         missing user  | admin  404   users:delete 403
users.delete_as_admin    peer          | admin  ok    users:delete 403
                         peer          | author 403   users:delete 403
                         own           | admin  ok    users:delete 403
                         missing user  | admin  404   users:delete 403
users.set_roles          peer          | admin  ok    roles:write 403    users:read 403
                         peer          | author 403   roles:write 403    users:read 403
                         last admin    | admin  409   roles:write 403    users:read 403
                         missing user  | admin  404   roles:write 403    users:read 403
"""

OUTCOMES = {
    "403o": "not_your_account",
    "403f": "reauthentication_required",
    "403p": "wrong_password",
    "404": "user_not_found",
    "409": "last_admin",
    "409e": "email_taken",
    "409m": "account_holds_money",
    "412": "precondition_failed",
}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
