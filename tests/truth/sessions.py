"""The truth about sessions and fresh proof of identity."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed sessions."""
    return len(response.json()["data"])


ACTS = {
    "sessions.list": Act(count=listed),
    "sessions.get": Act(),
    "sessions.delete": Act(
        [Effect("SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NULL", 0)], ["session.revoked"]
    ),
    "sessions.delete_others": Act(
        [Effect("SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NULL", 0)], ["session.revoked"]
    ),
    "sessions.reauthenticate": Act(
        [Effect("SELECT count(*) FROM sessions WHERE authenticated_at IS NOT NULL AND user_id = $1", 1)]
    ),
    "sessions.reauthenticate_wrongly": Act(),
}

ROWS = """
                                                 | anonymous unverified author old-author other admin deactivated
sessions.list                   own              | 401       ok:2       ok:3   ok:3       ok:2  ok:3  401t
sessions.get                    own session      | 401       ok         ok     ok         ok    ok    401t
                                current session  | 401       ok         ok     ok         ok    ok    401t
                                foreign session  | 401       404        404    404        404   404   401t
                                revoked session  | 401       404        404    404        404   404   401t
                                expired session  | 401       404        404    404        404   404   401t
                                missing session  | 401       404        404    404        404   404   401t
sessions.delete                 own session      | 401       ok         ok     ok         ok    ok    401t
                                current session  | 401       ok         ok     ok         ok    ok    401t
                                foreign session  | 401       404        404    404        404   404   401t
                                revoked session  | 401       404        404    404        404   404   401t
                                expired session  | 401       404        404    404        404   404   401t
                                missing session  | 401       404        404    404        404   404   401t
sessions.delete_others          only other session | 401       ok         ok     ok         ok    ok    401t
sessions.reauthenticate         own              | 401       ok         ok     ok         ok    ok    401t
sessions.reauthenticate_wrongly own              | 401       403p       403p   403p       403p  403p  401t
"""

# No API key has the scope `credentials:write`.
KEYS = """
sessions.list                   own              | author ok:2  credentials:write 403
sessions.get                    own session      | author ok    credentials:write 403
                                missing session  | author 404   credentials:write 403
sessions.delete                 own session      | admin  ok    credentials:write 403
                                missing session  | author 404   credentials:write 403
sessions.delete_others          only other session | author ok    credentials:write 403
sessions.reauthenticate         own              | author ok    credentials:write 403
sessions.reauthenticate_wrongly own              | author 403p  credentials:write 403
"""

TABLE = Table(ACTS, {"403p": "wrong_password", "404": "session_not_found"}, ROWS, KEYS)
