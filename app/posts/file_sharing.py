"""Shares the files of a post with those who may read the post."""

from app.access.principal import Principal
from app.files.policy import SharesFile
from app.files.views import FileView
from app.kit.db.sessions import ReadSession
from app.posts.policy import may_read
from app.posts.queries import posts_with_file


def file_sharing(reads: ReadSession) -> SharesFile[FileView]:
    """Whether the caller may read a post that has the file."""

    async def shares(principal: Principal, file: FileView) -> bool:
        return any(may_read(principal, post) for post in await posts_with_file(reads, file.id))

    return shares
