"""Posts with files: two authors, use cases of posts and files as them, and what is stored."""

from uuid import UUID

from app.access.principal import Principal, Role
from app.events.recorder import EventRecorder
from app.files.deletion import before_deletion
from app.files.service import FileService
from app.files.sharing import shared_by_features
from app.kit.db.sessions import WriteSession
from app.posts.commands import PostDraft, PostEdit
from app.posts.service import PostService
from app.posts.views import PostStatus, PostView
from tests.support.app import Person, TestApp
from tests.support.files import store_file
from tests.support.transactions import rows
from tests.support.users import principal_of

_DIFFERING = """
SELECT p.id, p.attachments FROM posts p LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(f.uid, f.name, f.content_type, f.size) ORDER BY a.position) AS files
    FROM post_attachments a JOIN files f ON f.id = a.file_id WHERE a.post_id = p.id
) attached ON true WHERE p.attachments::jsonb IS DISTINCT FROM attached.files
"""


class Desk:
    """The authors Ada and Eve, and what they do with posts and files, each in one transaction."""

    def __init__(self, test_app: TestApp, people: dict[str, Person], callers: dict[str, Principal]) -> None:
        self.test_app, self.people, self.callers = test_app, people, callers

    @classmethod
    async def open(cls, test_app: TestApp) -> "Desk":
        people = {name: await test_app.person(f"{name}@example.com", Role.AUTHOR) for name in ("ada", "eve")}
        return cls(test_app, people, {name: await principal_of(test_app, one) for name, one in people.items()})

    async def file(self, name: str, owner: str = "ada") -> UUID:
        """A file that is ready."""
        return (await store_file(self.test_app, self.people[owner], "title\n", name)).file

    async def post(self, *files: UUID, status: PostStatus = PostStatus.PUBLISHED) -> PostView:
        """A post of Ada with files."""
        draft = PostDraft(title="T", content="", status=status, attachments=files)
        async with self.test_app.runtime.database.write() as session:
            return await self.posts(session).create(draft)

    async def edit(self, post: PostView, edit: PostEdit, caller: str = "ada") -> PostView:
        async with self.test_app.runtime.database.write() as session:
            return await self.posts(session, caller).edit(post.uid, edit)

    async def delete(self, file: UUID) -> None:
        """Delete a file of Ada."""
        async with self.test_app.runtime.database.write() as session:
            await self.files(session).delete(file)

    def posts(self, session: WriteSession, caller: str = "ada") -> PostService:
        return PostService(session, self.callers[caller], self._events(session, caller))

    def files(self, session: WriteSession, caller: str = "ada") -> FileService:
        events, reads = self._events(session, caller), self.test_app.runtime.database.reads
        closing = before_deletion(session, events)
        return FileService(session, self.callers[caller], events, closing, shared_by_features(reads))

    def _events(self, session: WriteSession, caller: str) -> EventRecorder:
        return EventRecorder(session, self.callers[caller].user_uid)

    async def ensure_consistent(self) -> None:
        """Each post shows the files that are attached to it, in their order."""
        assert await rows(self.test_app, _DIFFERING) == []


def names(post: PostView) -> list[str]:
    """The names of the files of a post."""
    return [file.name for file in post.attachments]
