"""The bare prefix of a version answers: that is where the links of its predecessor lead."""

import pytest

from tests.support.app import TestApp
from tests.support.registries import DEPRECATED
from versions.kit.version import ApiVersion
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


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_path_with_a_last_slash_is_another_path(test_app: TestApp, version: ApiVersion) -> None:
    async with test_app.client() as client:
        assert (await client.get(f"{version.prefix}/posts")).status_code == 200
        response = await client.get(f"{version.prefix}/posts/")
    assert response.status_code == 404
    assert "Location" not in response.headers


@pytest.mark.parametrize("version", DEPRECATED, ids=lambda version: version.name)
async def test_the_links_of_a_deprecated_version_lead_somewhere(test_app: TestApp, version: ApiVersion) -> None:
    async with test_app.client() as client:
        links = (await client.get(f"{version.prefix}/posts")).headers["Link"].split(", ")
        targets = {link.split('rel="')[1].split('"')[0]: link[1 : link.index(">")] for link in links}
        for target in targets.values():
            assert (await client.get(target)).status_code == 200
    assert targets == {
        "deprecation": version.migration_guide,
        "sunset": "/policies/versions",
        "successor-version": f"/api/{version.successor}",
    }
