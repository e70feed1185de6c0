"""Who may upload, read, attach and delete which file."""

from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import AsyncMock, Mock

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import InsufficientPermissions, Unauthenticated
from app.files import sharing
from app.files.errors import FileNotFound, NotTheOwner
from app.files.policy import (
    PUBLIC_PERMISSIONS,
    FilePermission,
    ensure_may_attach,
    ensure_may_delete,
    ensure_may_list,
    ensure_may_read,
    ensure_may_upload,
    own,
    visible,
)
from app.files.views import Visibility

OWNER, OTHER = 1, 2
BOTH = frozenset(FilePermission)


@dataclass(frozen=True)
class Stored:
    visibility: str
    owner_id: int = OWNER


def caller(user_id: int | None, *permissions: FilePermission) -> Principal:
    return Principal(user_id, None if user_id is None else uuid7(), (), frozenset(permissions or BOTH))


async def shared(_principal: Principal, _file: Stored) -> bool:
    return True


async def unshared(_principal: Principal, _file: Stored) -> bool:
    return False


@pytest.mark.parametrize(
    ("ensure", "needed"),
    [
        (ensure_may_upload, BOTH),
        (ensure_may_list, {FilePermission.READ}),
        (ensure_may_read, {FilePermission.READ}),
        (ensure_may_attach, {FilePermission.READ}),
        (ensure_may_delete, {FilePermission.WRITE}),
    ],
)
def test_what_a_use_case_needs(ensure: Callable[[Principal], object], needed: frozenset[FilePermission]) -> None:
    ensure(caller(OWNER, *needed))
    for missing in needed:
        with pytest.raises(InsufficientPermissions):
            ensure(Principal(OWNER, uuid7(), (), BOTH - {missing}))


@pytest.mark.parametrize("ensure", [ensure_may_upload, ensure_may_list, ensure_may_attach, ensure_may_delete])
def test_anonymous_callers_only_read(ensure: Callable[[Principal], object]) -> None:
    anonymous = Principal(None, None, (), PUBLIC_PERMISSIONS)
    ensure_may_read(anonymous)
    with pytest.raises(Unauthenticated):
        ensure(anonymous)


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        (Visibility.PRIVATE, {OWNER}),
        (Visibility.SIGNED_IN, {OWNER, OTHER}),
        (Visibility.PUBLIC, {OWNER, OTHER, None}),
    ],
)
@pytest.mark.parametrize("user_id", [OWNER, OTHER, None])
async def test_who_sees_and_who_deletes_a_file(
    visibility: Visibility, seen_by: set[int | None], user_id: int | None
) -> None:
    principal, file = caller(user_id), Stored(visibility)
    assert await visible(principal, file, shared) == file, "an object that the caller sees shares it"
    if user_id in seen_by:
        assert await visible(principal, file, unshared) == file
    else:
        with pytest.raises(FileNotFound):
            await visible(principal, file, unshared)
    if user_id == OWNER:
        assert await own(principal, file, unshared) == file
    elif user_id is not None:
        with pytest.raises(NotTheOwner if user_id in seen_by else FileNotFound):
            await own(principal, file, unshared)
        with pytest.raises(NotTheOwner):
            await own(principal, file, shared)


@pytest.mark.parametrize("answers", [[True, False], [False, True], [False, False]])
async def test_a_file_is_shared_if_an_object_of_any_feature_shares_it(
    answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    features = [Mock(file_sharing=Mock(return_value=AsyncMock(return_value=answer))) for answer in answers]
    monkeypatch.setattr(sharing, "modules", Mock(return_value=features))
    assert await sharing.shared_by_features(Mock())(caller(OTHER), Mock()) is any(answers)


async def test_there_is_no_missing_file() -> None:
    for find in (visible, own):
        with pytest.raises(FileNotFound):
            await find(caller(OWNER), None, shared)
