"""Maps users between v1 schemas and the core."""

from app.kit.unset import UNSET
from app.users.commands import UserDraft, UserEdit
from app.users.views import UserView
from versions.v1.users import schemas


def user(view: UserView) -> schemas.UserResponse:
    """Returns the v1 representation of a user."""
    return schemas.UserResponse.model_construct(
        id=view.id,
        email=view.email,
        full_name=view.display_name,
        is_active=view.is_active,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def draft(body: schemas.UserCreate) -> UserDraft:
    """Returns the user to create."""
    return UserDraft(email=body.email, password=body.password, display_name=body.full_name)


def edit(body: schemas.UserUpdate) -> UserEdit:
    """Returns the edit with the fields that the request contains."""
    given = body.model_fields_set
    return UserEdit(
        display_name=body.full_name if "full_name" in given else UNSET,
        email=body.email if "email" in given else UNSET,
        is_active=body.is_active if "is_active" in given else UNSET,
        password=body.password if "password" in given else UNSET,
        current_password=body.current_password if "current_password" in given else None,
    )
