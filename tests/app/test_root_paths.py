"""The paths of the root application."""

from app.main import create_app
from tests.support.app import TestApp


async def test_a_path_of_the_root_has_one_spelling(test_app: TestApp) -> None:
    app = TestApp(create_app(test_app.runtime.settings), test_app.runtime)
    async with app.client() as client:
        for path, status in (("/docs", 200), ("/docs/", 404)):
            assert (await client.get(path)).status_code == status
