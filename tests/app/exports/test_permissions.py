"""An export needs the permission to read what it contains."""

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import InsufficientPermissions
from app.exports.commands import Column, ExportedResource, ExportForm, ExportFormat, ExportRequest
from app.exports.reader import ExportReader
from app.posts.policy import PostPermission
from app.users.policy import UserPermission

NEEDED = {ExportedResource.POSTS: PostPermission.READ, ExportedResource.USERS: UserPermission.READ}


@pytest.mark.parametrize("resource", NEEDED)
def test_an_export_needs_the_permission_to_read(resource: ExportedResource) -> None:
    request = ExportRequest(resource, (Column("number", "id"),), ExportForm(ExportFormat.CSV))
    for other, permission in NEEDED.items():
        reader = ExportReader(Principal(1, uuid7(), (), frozenset({permission})))
        if other is resource:
            assert reader.requested(request).name == resource.value
        else:
            with pytest.raises(InsufficientPermissions):
                reader.requested(request)
