"""The truth about sign-in with providers, and about identities there.

The world is configured for GitHub, which no request reaches: a visit starts without one. What a provider's responses
cause is in `tests/app/identities/`.
"""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed identities."""
    return len(response.json()["data"])


_VISITS = "SELECT count(*) FROM sign_in_flows WHERE purpose = '{}'"
ACTS = {
    "identities.sign_in": Act([Effect(_VISITS.format("sign_in"), 1)]),
    "identities.return": Act(),
    "identities.visit_to_link": Act([Effect(_VISITS.format("link"), 1)]),
    "identities.visit_to_prove": Act([Effect(_VISITS.format("reauthenticate"), 1)]),
    "identities.confirm": Act(
        [
            Effect("SELECT count(*) FROM identities WHERE user_id = $1", 1),
            Effect("SELECT count(*) FROM identity_confirmations WHERE user_id = $1", 0),
        ],
        ["identity.linked"],
        mails=["A new way to sign in was added"],
    ),
    "identities.exchange": Act(
        [
            Effect("SELECT count(*) FROM sign_in_codes", 0),
            Effect("SELECT count(*) FROM sessions WHERE user_id = $1 AND authenticated_at IS NULL", 1),
        ],
        ["session.started"],
    ),
    # A failed exchange uses the code up.
    "identities.exchange_wrongly": Act([Effect("SELECT count(*) FROM sign_in_codes", 0)], keeps_changes=True),
    "identities.list": Act(count=listed),
    "identities.get": Act(),
    "identities.delete": Act(
        [Effect("SELECT count(*) FROM identities WHERE id = $1", 0)],
        ["identity.unlinked"],
        mails=["A way to sign in was removed"],
    ),
}

ROWS = """
                                                     | everyone
identities.sign_in           provider                | ok
                             unknown provider        | 404p
identities.return            provider                | 400f
                             unknown provider        | 404p
identities.confirm           confirmation            | ok
                             used confirmation        | 400t
                             expired confirmation    | 400t
                             confirmation for another address        | 400t
                             confirmation of unverified user         | 400t
                             confirmation of deactivated user        | 400t
                             confirmation of an identity of another user | 409t
                             unknown token           | 400t
                             reset token             | 400t
identities.exchange          code                    | ok
                             code of deactivated user | 403d
identities.exchange_wrongly  code with another verifier | 401s
                             expired code            | 401s
                             unknown code            | 401s

                                          | anonymous unverified author old-author other admin old-admin deactivated
identities.visit_to_link     provider     | 401       ok         ok     403r       ok    ok    403r      401t
                    unknown provider      | 401       404p       404p   403r       404p  404p  403r      401t
identities.visit_to_prove    provider     | 401       ok         ok     ok         ok    ok    ok        401t
                    unknown provider      | 401       404p       404p   404p       404p  404p  404p      401t
identities.list     own identity          | 401       ok:1       ok:1   ok:1       ok:1  ok:1  ok:1      401t
                    foreign identity      | 401       ok:0       ok:0   ok:0       ok:0  ok:0  ok:0      401t
identities.get      own identity          | 401       ok         ok     ok         ok    ok    ok        401t
                    foreign identity      | 401       404        404    404        404   404   404       401t
                    missing identity      | 401       404        404    404        404   404   404       401t
identities.delete   own identity          | 401       ok         ok     403r       ok    ok    403r      401t
                    only way to sign in   | 401       409l       409l   403r       409l  409l  403r      401t
                    one of two identities | 401       ok         ok     403r       ok    ok    403r      401t
                    foreign identity      | 401       404        404    403r       404   404   403r      401t
                    missing identity      | 401       404        404    403r       404   404   403r      401t
"""

# No API key has the scope `credentials:write`.
KEYS = """
identities.visit_to_link     provider                | author ok    credentials:write 403
identities.visit_to_prove    provider                | author ok    credentials:write 403
identities.list              own identity            | author ok:1  credentials:write 403
identities.get               own identity            | author ok    credentials:write 403
                             missing identity        | author 404   credentials:write 403
identities.delete            own identity            | admin  ok    credentials:write 403
                             missing identity        | author 404   credentials:write 403
"""

TABLE = Table(
    ACTS,
    {
        "400f": "invalid_sign_in_flow",
        "400t": "invalid_confirmation_token",
        "401s": "invalid_sign_in_code",
        "403d": "account_deactivated",
        "403r": "reauthentication_required",
        "404": "identity_not_found",
        "404p": "provider_not_found",
        "409l": "last_sign_in_method",
        "409t": "identity_taken",
    },
    ROWS,
    KEYS,
)
