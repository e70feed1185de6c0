"""Maps API keys between v2 schemas and the core."""

from datetime import timedelta
from typing import cast

from app.access.commands import KeyEdit, OwnKeyDraft
from app.access.views import ApiKeyView
from app.kit.unset import UNSET
from versions.kit.typeid import encode
from versions.v2.api_keys import schemas
from versions.v2.ids import API_KEY, USER


def draft(body: schemas.ApiKeyCreate) -> OwnKeyDraft:
    """Returns the key to create."""
    return OwnKeyDraft(body.name, [scope.value for scope in body.scopes], body.mode, body.expires_at)


def edit(patch: schemas.ApiKeyPatch) -> KeyEdit:
    """Returns the edit with the members that the patch contains."""
    given = patch.model_fields_set
    return KeyEdit(
        name=patch.name if "name" in given else UNSET,
        early_brownout_until=patch.early_brownout_until if "early_brownout_until" in given else UNSET,
    )


def overlap(body: schemas.Rotation) -> timedelta:
    """Returns how long the replaced key stays valid."""
    return timedelta(seconds=body.overlap_seconds)


def api_key(view: ApiKeyView) -> schemas.ApiKey:
    """Returns the v2 representation of a key."""
    return schemas.ApiKey.model_construct(
        id=encode(API_KEY, view.uid),
        user_id=encode(USER, view.owner_uid),
        name=view.name,
        hint=view.hint,
        mode=view.mode,
        scopes=list(view.scopes),
        plan=view.plan,
        # No operation shows a revoked key.
        status=cast("schemas.Status", view.status),
        created_at=view.created_at,
        expires_at=view.expires_at,
        rotated_at=view.rotated_at,
        last_used_at=view.last_used_at,
        early_brownout_until=view.early_brownout_until,
    )


def with_secret(view: ApiKeyView, text: str) -> schemas.ApiKeyWithSecret:
    """Returns the v2 representation of a new key."""
    return schemas.ApiKeyWithSecret.model_construct(**dict(api_key(view)), key=text)
