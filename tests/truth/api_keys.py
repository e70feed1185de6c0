"""The truth about API keys."""

import httpx2

from tests.truth.table import Act, Effect, Table

_REVOKED = Effect("SELECT count(*) FROM api_keys WHERE id = $1 AND revoked_at IS NOT NULL", 1)


def listed(response: httpx2.Response) -> int:
    """The number of listed keys that the state arranged."""
    return sum(key["name"] == "arranged" for key in response.json()["data"])


ACTS = {
    "api_keys.list": Act(count=listed),
    "api_keys.get": Act(),
    "api_keys.create": Act(
        [
            Effect("SELECT scopes[1] FROM api_keys WHERE name = 'created'", "posts:read"),
            Effect("SELECT plan FROM api_keys WHERE name = 'created'", "free"),
            Effect("SELECT count(*) FROM api_keys WHERE name = 'created' AND hint LIKE 'sk\\_live\\_%'", 1),
        ],
        ["api_key.created"],
    ),
    "api_keys.create_beyond": Act(
        [Effect("SELECT scopes[1] FROM api_keys WHERE name = 'created'", "users:write")], ["api_key.created"]
    ),
    "api_keys.create_expired": Act(),
    "api_keys.update": Act([Effect("SELECT name FROM api_keys WHERE id = $1", "renamed")], ["api_key.updated"]),
    "api_keys.rotate": Act(
        [
            Effect("SELECT count(*) FROM api_keys WHERE id = $1 AND rotated_at IS NOT NULL", 1),
            Effect("SELECT count(*) FROM api_keys a JOIN api_keys b ON b.family_uid = a.uid WHERE a.id = $1", 1),
        ],
        ["api_key.rotated"],
    ),
    "api_keys.delete": Act([_REVOKED], ["api_key.revoked"]),
    "api_keys.list_all": Act(count=listed),
    "api_keys.delete_any": Act([_REVOKED], ["api_key.revoked"]),
}

ROWS = """
                                     | anonymous unverified author old-author other admin old-admin deactivated
api_keys.list           own key      | 401       ok:1       ok:1   ok:1       ok:1  ok:1  ok:1      401t
                        foreign key  | 401       ok:0       ok:0   ok:0       ok:0  ok:0  ok:0      401t
                        revoked key  | 401       ok:0       ok:0   ok:0       ok:0  ok:0  ok:0      401t
api_keys.get            own key      | 401       ok         ok     ok         ok    ok    ok        401t
                        expired key  | 401       ok         ok     ok         ok    ok    ok        401t
                        foreign key  | 401       404        404    404        404   404   404       401t
                        revoked key  | 401       404        404    404        404   404   404       401t
                        missing key  | 401       404        404    404        404   404   404       401t
api_keys.create         -            | 401       ok         ok     403r       ok    ok    403r      401t
api_keys.create_beyond  -            | 401       422s       422s   403r       422s  ok    403r      401t
api_keys.create_expired -            | 401       422e       422e   403r       422e  422e  403r      401t
api_keys.update         own key      | 401       ok         ok     ok         ok    ok    ok        401t
                        foreign key  | 401       404        404    404        404   404   404       401t
                        revoked key  | 401       404        404    404        404   404   404       401t
                        missing key  | 401       404        404    404        404   404   404       401t
api_keys.rotate         own key      | 401       ok         ok     403r       ok    ok    403r      401t
                        foreign key  | 401       404        404    403r       404   404   403r      401t
                        revoked key  | 401       404        404    403r       404   404   403r      401t
                        missing key  | 401       404        404    403r       404   404   403r      401t
                        expired key  | 401       409e       409e   403r       409e  409e  403r      401t
                        rotated key  | 401       409r       409r   403r       409r  409r  403r      401t
api_keys.delete         own key      | 401       ok         ok     ok         ok    ok    ok        401t
                        rotated key  | 401       ok         ok     ok         ok    ok    ok        401t
                        foreign key  | 401       404        404    404        404   404   404       401t
                        revoked key  | 401       404        404    404        404   404   404       401t
                        missing key  | 401       404        404    404        404   404   404       401t
api_keys.list_all       own key      | 401       403        403    403        403   ok:1  ok:1      401t
                        foreign key  | 401       403        403    403        403   ok:1  ok:1      401t
                        revoked key  | 401       403        403    403        403   ok:0  ok:0      401t
api_keys.delete_any     foreign key  | 401       403        403    403        403   ok    ok        401t
                        own key      | 401       403        403    403        403   ok    ok        401t
                        revoked key  | 401       403        403    403        403   404   404       401t
                        missing key  | 401       403        403    403        403   404   404       401t
"""


# No API key has the scopes `credentials:write` and `keys:admin`.
KEYS = """
api_keys.list           own key        | author ok:1  credentials:write 403
api_keys.get            own key        | author ok    credentials:write 403
                        missing key    | author 404   credentials:write 403
api_keys.create         -              | admin  ok    credentials:write 403
api_keys.update         own key        | author ok    credentials:write 403
                        missing key    | author 404   credentials:write 403
api_keys.rotate         own key        | admin  ok    credentials:write 403
                        missing key    | author 404   credentials:write 403
api_keys.delete         own key        | author ok    credentials:write 403
                        missing key    | author 404   credentials:write 403
api_keys.list_all       foreign key    | admin  ok:1  keys:admin 403
api_keys.delete_any     foreign key    | admin  ok    keys:admin 403
                        missing key    | admin  404   keys:admin 403
"""

TABLE = Table(
    ACTS,
    {
        "403r": "reauthentication_required",
        "404": "api_key_not_found",
        "409e": "api_key_expired",
        "409r": "api_key_already_rotated",
        "422e": "expiry_in_the_past",
        "422s": "scope_not_granted",
    },
    ROWS,
    KEYS,
)
