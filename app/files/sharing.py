"""Decides whether an object of another feature, such as a post, shares its files with a caller.

A feature whose objects have files declares in its module ``file_sharing`` who sees them:

    def file_sharing(reads: ReadSession) -> SharesFile[FileView]:
"""

from app.access.principal import Principal
from app.files.policy import SharesFile
from app.files.views import FileView
from app.kit.db.sessions import ReadSession
from app.kit.discovery import modules


def shared_by_features(reads: ReadSession) -> SharesFile[FileView]:
    """Whether an object of any feature shares a file with a caller."""

    async def shares(principal: Principal, file: FileView) -> bool:
        for module in modules("app", "file_sharing"):
            if await module.file_sharing(reads)(principal, file):
                return True
        return False

    return shares
