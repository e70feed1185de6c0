"""The lists of files: whose files they contain, in which order and on which pages."""

from app.files.reader import FileReader
from tests.support.app import TestApp
from tests.support.files import store_file
from tests.support.users import principal_of


async def test_own_files_are_listed_newest_first_in_pages(concurrent_app: TestApp) -> None:
    ada, bob = [await concurrent_app.person(f"{name}@example.com") for name in ("ada", "bob")]
    for name, owner in (("1", ada), ("2", bob), ("3", ada), ("4", ada), ("5", bob)):
        await store_file(concurrent_app, owner, name, f"{name}.csv")
    reader = FileReader(concurrent_app.runtime.database.reads, await principal_of(concurrent_app, ada))
    first = await reader.page(None, 2)
    assert [file.name for file in first.items] == ["4.csv", "3.csv"]
    assert first.has_more
    second = await reader.page(first.next_position, 2)
    assert ([file.name for file in second.items], second.has_more) == (["1.csv"], False)
    whole = await reader.page(None, 3)
    assert (len(whole.items), whole.has_more) == (3, False)
