"""The end of a version: commands, running servers and several worker processes."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from observability.run_folder import running_in
from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.registries import DEPRECATED
from tests.support.scrape import Scrape
from tests.support.source_copy import SourceCopy
from tests.support.waiting import PATIENCE, wait_until
from versions.registry import VERSIONS

OLD = DEPRECATED[0].name if DEPRECATED else ""
LISTED = ", ".join(version.name for version in VERSIONS)
FAST = {"STRATA_LIFECYCLE__REFRESH": "0.3", "STRATA_LIFECYCLE__USAGE_FLUSH": "0.3"}

pytestmark = pytest.mark.skipif(not DEPRECATED, reason="no version is deprecated")


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    home = tmp_path / "home"
    home.mkdir()
    dsn = await clone(admin_dsn, "end")
    return Strata(home, dsn, STRATA_LOG__FORMAT="json", **FAST)


def statuses(url: str, times: int, path: str = f"/api/{OLD}/posts", headers: dict[str, str] | None = None) -> set[int]:
    """The status codes on several connections, which the kernel distributes over the worker processes."""
    return {httpx2.get(f"{url}{path}", headers=headers, timeout=PATIENCE).status_code for _ in range(times)}


def format_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_brownout_reaches_every_worker(strata: Strata) -> None:
    with strata.serving("--workers", "2") as url:
        (run,) = running_in(strata.home / "runs")
        wait_until(lambda: len(run.pids()) == 2)
        assert statuses(url, 20) == {200}
        until = format_time(datetime.now(UTC) + timedelta(hours=2))
        printed = strata.run("versions", "brownout", OLD, "--until", until).stdout
        assert f"until {until}" in printed
        assert "within 0.3 seconds" in printed
        wait_until(lambda: statuses(url, 20) == {410})
        response = httpx2.get(f"{url}/api/{OLD}/posts", timeout=PATIENCE)
        assert until in response.json()["detail"]
        assert 7000 < int(response.headers["Retry-After"]) <= 7200
        assert statuses(url, 20, "/api/v2/posts") == {200}
        for path in ("/health", "/health/ready", "/api", "/", "/docs", f"/api/{OLD}", f"/api/{OLD}/docs", "/metrics"):
            assert statuses(url, 4, path) == {200}, path
        scrape = Scrape.of(url)
        assert scrape.sum("api_version_browned_out", api_version=OLD) == 1
        assert scrape.sum("api_version_info", api_version=OLD, status="brownout") == 1
        assert strata.json("versions", "status", OLD)["status"] == "brownout"
        assert strata.json("versions", "brownout", OLD, "--cancel")["cancelled"] == 1
        wait_until(lambda: statuses(url, 20) == {200})
        wait_until(lambda: Scrape.of(url).sum("api_version_browned_out", api_version=OLD) == 0)


def test_a_worker_stores_usage_at_shutdown(strata: Strata) -> None:
    key = dict(api_key(strata, "ada@example.com", "author"))
    with strata.serving("--workers", "2", STRATA_LIFECYCLE__USAGE_FLUSH="3600") as url:
        assert statuses(url, 30, headers=key) == {200}
        assert strata.json("versions", "status", OLD)["dependants"] == [], "counted, not stored yet"
    (ada,) = strata.json("versions", "status", OLD)["dependants"]
    assert (ada["account"], ada["requests"]) == ("ada@example.com", 30)
    assert ada["operations"]["posts.list"]["requests"] == 30
    assert ada["key"].startswith("key test, sk_live_")


def test_a_version_in_use_is_not_retired(strata: Strata) -> None:
    key = dict(api_key(strata, "ada@example.com", "author"))
    with strata.serving() as url:
        statuses(url, 2, headers=key)
        statuses(url, 1)
        wait_until(lambda: len(strata.json("versions", "status", OLD)["dependants"]) == 2)
        rejected = strata.run("versions", "retire", OLD, "--yes", expect=1)
        assert f"The sunset of {OLD}" in rejected.stderr
        assert f"{OLD} was used within 30 days by" in rejected.stderr
        assert "ada@example.com (key test, sk_live_" in rejected.stderr
        assert "anonymous callers" in rejected.stderr
        assert "Consent is missing from ada@example.com" in rejected.stderr
        assert f"strata versions consent {OLD} USER" in rejected.stderr
        strata.run("versions", "consent", OLD, "ada@example.com", "--note", "ticket 4711")
        consented = strata.json("versions", "retire", OLD, "--yes", "--give-up-anonymous", expect=1)
        assert consented["retired"] is False
        assert not any("Consent is missing" in reason or "anonymous" in reason for reason in consented["reasons"])
        assert any("ada@example.com" in reason for reason in consented["reasons"]), "consent does not remove usage"
        table = strata.run("versions", "status").stdout
        assert f"{OLD}: deprecated" in table
        assert "v2: current" in table
        assert "ada@example.com" in table
        assert statuses(url, 2) == {200}, "a rejected retirement changes nothing"
        strata.run("versions", "consent", OLD, "ada@example.com", "--withdraw", "--yes")
        assert "Consent is missing" in strata.run("versions", "retire", OLD, "--yes", expect=1).stderr


def test_a_brownout_of_one_key_affects_no_other_caller(strata: Strata) -> None:
    key = dict(api_key(strata, "ada@example.com", "author"))
    (listed,) = strata.json("keys", "list")
    with strata.serving() as url:
        strata.run("keys", "brownout", listed["id"], "--hours", "2")
        assert statuses(url, 2, headers=key) == {410}, "immediately: each request looks up its key"
        assert statuses(url, 2, "/api/v2/posts", headers=key) == {200}
        assert statuses(url, 2) == {200}
        assert strata.json("keys", "brownout", listed["id"], "--hours", "0")["early_brownout_until"] is None
        assert statuses(url, 2, headers=key) == {200}


MISTAKES = [
    (("status", "v9"), "There is no version v9.", f"The versions are {LISTED}."),
    (("brownout", OLD), "A brownout needs an end.", "--until"),
    (("brownout", "v2", "--until", "2027-01-01"), "v2 is current: only a deprecated version rehearses its end.", ""),
    (("brownout", OLD, "--from", "2027-01-01", "--until", "2027-01-03"), "longer than 24 hours", "schedule several"),
    (("brownout", OLD, "--cancel"), "No brownout", f"strata versions status {OLD}"),
    (("brownout", OLD, "--cancel"), "No brownout", f"a brownout that versions/{OLD}/version.py declares"),
    (("consent", OLD, "nobody@example.com", "--note", "x"), "There is no user", "strata users list"),
    (("retire", "v2", "--yes"), "v2 is current: deprecate it in versions/v2/version.py", "v2 is not retired."),
]


def test_errors_say_what_to_do(strata: Strata) -> None:
    for arguments, sentence, advice in MISTAKES:
        printed = strata.run("versions", *arguments, expect=1).stderr
        assert printed.startswith("Error: "), arguments
        assert sentence in printed
        assert advice in printed
        assert "{" not in printed
    assert "must be a time" in strata.run("versions", "brownout", OLD, "--until", "soon", expect=2).stderr


def test_the_declared_lifecycles_are_valid(strata: Strata) -> None:
    assert strata.json("versions", "check") == {"faults": []}
    assert "keeps its published lifecycle" in strata.run("versions", "check").stdout
    declared = [(version.name, version.status.value) for version in VERSIONS]
    assert [(one["name"], one["status"]) for one in strata.json("versions", "list")] == declared


@pytest.fixture
async def copy(admin_dsn: str, tmp_path: Path) -> AsyncIterator[SourceCopy]:
    with SourceCopy(tmp_path / "copy", await clone(admin_dsn, "retired")) as made:
        yield made


async def test_an_unused_version_is_retired_after_its_sunset(copy: SourceCopy) -> None:
    """In a copy of the source, whose sunset has passed."""
    declaration = copy.folder / "versions" / OLD / "version.py"
    past = "sunset_at=datetime(2026, 8, 1, tzinfo=UTC)"
    text, passed = re.subn(r"sunset_at=datetime\([^)]*\)", past, declaration.read_text())
    assert passed == 1
    declaration.write_text(text)
    (copy.folder / "versions/lifecycle.json").unlink()  # it records the later sunset
    assert f"It can be retired: `strata versions retire {OLD}`." in copy.strata("versions", "status", OLD)
    assert "Confirmation is required" in copy.strata("versions", "retire", OLD, expected=1)
    advice = f"  -> Declare its retired_at in versions/{OLD}/version.py, then run `strata contract freeze`.\n"
    printed = copy.strata("versions", "retire", OLD, "--yes")
    assert printed == f"{OLD} is retired: every process returns 410 within 5 seconds.\n{advice}"
    assert copy.strata("versions", "retire", OLD, "--yes") == f"{OLD} was retired before.\n{advice}"
    again = json.loads(copy.strata("versions", "retire", OLD, "--yes", "--json"))
    assert again == {"version": OLD, "retired": True, "reasons": []}
    assert f"{OLD}: retired" in copy.strata("versions", "status", OLD)
