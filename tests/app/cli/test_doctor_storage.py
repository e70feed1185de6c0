"""``strata doctor``: whether the store removes incomplete uploads."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from app.cli.program import program
from app.kit.clock import utc_now
from app.kit.storage.lifecycle import lifecycle_url
from app.kit.storage.signature import Credentials
from tests.support.live import free_port
from tests.support.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, running_s3
from tests.support.waiting import PATIENCE

Check = Callable[[], tuple[str, str]]
ABORT = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>{}</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
KEEPS, FORBIDDEN = f"bucket {BUCKET} keeps incomplete uploads for ever", "s3:GetLifecycleConfiguration"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))

    def check() -> tuple[str, str]:
        result = CliRunner().invoke(program, ["doctor", "--json"])
        (found,) = (diagnosis for diagnosis in json.loads(result.output) if diagnosis["check"] == "storage")
        assert SECRET_KEY not in result.output
        assert bool(found["advice"]) == (found["verdict"] != "ok")
        return found["verdict"], found["detail"]

    return check


@pytest.fixture
def in_bucket(check: Check, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Check:
    for name, value in s3_server.variables().items():
        monkeypatch.setenv(name, value)
    return check


def rule(*members: str, status: str = "Enabled") -> str:
    return f"<Rule><ID>{len(members)}</ID><Status>{status}</Status>{''.join(members)}</Rule>"


def put_rules(server: S3Server, *rules: str) -> None:
    """Replace the lifecycle rules of the bucket."""
    url = lifecycle_url(server.settings())
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = f'<LifecycleConfiguration xmlns="{namespace}">{"".join(rules)}</LifecycleConfiguration>'.encode()
    method = "PUT" if rules else "DELETE"
    headers = Credentials(ACCESS_KEY, SECRET_KEY, "us-east-1").headers(method, url, body, utc_now())
    assert httpx2.request(method, url, headers=headers, content=body, timeout=PATIENCE).is_success


def test_a_folder_needs_no_rule(check: Check, tmp_path: Path) -> None:
    assert check() == ("ok", f"folder {tmp_path / 'files'}")


ALL, OBJECTS, OTHERS = (f"<Filter><Prefix>{prefix}</Prefix></Filter>" for prefix in ("", "objects/", "o/"))
TAGGED = "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>"


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], None),
        ([rule(ALL, ABORT.format(1))], 1),
        ([rule(ABORT.format(3))], 3),
        ([rule("<Prefix></Prefix>", ABORT.format(7))], 7),
        ([rule(OBJECTS, ABORT.format(5)), rule(ALL, ABORT.format(2), " ")], 2),
        ([rule(OTHERS, ABORT.format(1))], None),
        ([rule(TAGGED, ABORT.format(1))], None),
        ([rule(ALL, ABORT.format(1), status="Disabled")], None),
        ([rule(ALL, "<Expiration><Days>30</Days></Expiration>")], None),
    ],
)
def test_the_rules_of_a_bucket(in_bucket: Check, s3_server: S3Server, rules: list[str], days: int | None) -> None:
    put_rules(s3_server, *rules)
    removes = f"bucket {BUCKET} removes incomplete uploads after {days} days"
    assert in_bucket() == (("warn", KEEPS) if days is None else ("ok", removes))


def test_unknown_is_said(in_bucket: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = f"bucket {BUCKET}: unknown whether it removes incomplete uploads"
    monkeypatch.setenv("STRATA_STORAGE__SECRET_KEY", "wrong")
    assert in_bucket() == ("warn", f"{unknown} (the bucket responds with 403)")
    monkeypatch.setenv("STRATA_STORAGE__ENDPOINT", f"http://127.0.0.1:{free_port()}")
    assert in_bucket() == ("warn", f"{unknown} (no response: ConnectError)")
    for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"):
        monkeypatch.delenv(f"STRATA_STORAGE__{name}")
    assert in_bucket() == ("warn", f"{unknown} (the settings contain no credentials)")
