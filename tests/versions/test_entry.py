"""The bare prefix of a version answers: that is where the links of its predecessor lead."""

from tests.support.app import TestApp
from versions.registry import VERSIONS


async def test_the_bare_prefix_of_each_version_describes_it(test_app: TestApp) -> None:
    async with test_app.client() as client:
        listed = {entry["name"]: entry for entry in (await client.get("/api")).json()["versions"]}
        for version in VERSIONS:
            response = await client.get(version.prefix)
            assert response.status_code == 200
            assert response.json() == listed[version.name]
            assert response.headers["API-Version"] == version.name
            assert ("Deprecation" in response.headers) is (version.deprecated_at is not None)


async def test_the_link_to_the_successor_leads_somewhere(test_app: TestApp) -> None:
    async with test_app.client() as client:
        links = (await client.get("/api/v1/posts")).headers["Link"].split(", ")
        targets = {link.split('rel="')[1].split('"')[0]: link[1 : link.index(">")] for link in links}
        for target in targets.values():
            assert (await client.get(target)).status_code == 200
    assert targets == {
        "deprecation": "/docs/migrate/v1-to-v2",
        "sunset": "/policies/versions",
        "successor-version": "/api/v2",
    }
