"""Maps users between v2 schemas and the core."""

from app.access.principal import Principal
from app.kit.unset import UNSET
from app.users.commands import UserEdit
from app.users.views import UserView
from versions.kit.typeid import encode
from versions.v2.ids import USER
from versions.v2.users import schemas


def user(view: UserView) -> schemas.User:
    """Returns the v2 representation of a user."""
    return schemas.User.model_construct(
        id=encode(USER, view.uid),
        v1_id=view.id,
        email=view.email,
        display_name=view.display_name,
        roles=list(view.roles),
        is_active=view.is_active,
        is_verified=view.is_verified,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def edit(patch: schemas.UserPatch) -> UserEdit:
    """Returns the edit with the members that the patch contains."""
    given = patch.model_fields_set
    return UserEdit(
        display_name=patch.display_name if "display_name" in given else UNSET,
        email=patch.email if "email" in given else UNSET,
        is_active=patch.is_active if "is_active" in given else UNSET,
    )


def permissions(principal: Principal) -> schemas.Permissions:
    """Returns the roles and permissions of the caller."""
    return schemas.Permissions(roles=list(principal.roles), permissions=sorted(principal.permissions))
