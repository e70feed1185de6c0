"""The columns of exports in v1: the members of its posts and users, in the same order."""

from typing import Final

from app.exports.commands import Column, ExportForm, ExportFormat
from versions.v1.posts.schemas import PostResponse
from versions.v1.users.schemas import UserResponse

_OF_POST: Final = {"published": "is_published"}
_OF_USER: Final = {"full_name": "display_name"}

POSTS: Final = tuple(Column(name, _OF_POST.get(name, name)) for name in PostResponse.model_fields)
USERS: Final = tuple(Column(name, _OF_USER.get(name, name)) for name in UserResponse.model_fields)
CSV: Final = ExportForm(ExportFormat.CSV)
DATASET: Final = ExportForm(ExportFormat.JSON, items="items", total="total")
