"""The columns of exports in v2: the members of its posts and users, in the same order."""

from typing import Final

from app.exports.commands import Column, ExportedResource
from versions.v2.ids import FILE, POST, USER
from versions.v2.posts.schemas import Attachment, Post
from versions.v2.users.schemas import User

_OF_ATTACHMENT: Final = {"id": Column("id", "uid", FILE)}
_ATTACHMENT: Final = tuple(_OF_ATTACHMENT.get(name, Column(name, name)) for name in Attachment.model_fields)
_OF_POST: Final = {
    "id": Column("id", "uid", POST),
    "v1_id": Column("v1_id", "id"),
    "author_id": Column("author_id", "author_uid", USER),
    "attachments": Column("attachments", "attachments", members=_ATTACHMENT),
}
_OF_USER: Final = {"id": Column("id", "uid", USER), "v1_id": Column("v1_id", "id")}

POSTS: Final = tuple(_OF_POST.get(name, Column(name, name)) for name in Post.model_fields)
USERS: Final = tuple(_OF_USER.get(name, Column(name, name)) for name in User.model_fields)
COLUMNS: Final = {ExportedResource.POSTS: POSTS, ExportedResource.USERS: USERS}
