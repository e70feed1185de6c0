"""``strata traffic`` and ``strata top``: which server they send requests to, and with what."""

import io
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

import pytest

from app.cli import top
from app.cli.kit.output import CommandError
from tests.support.commands import output_of


@pytest.mark.parametrize("url", ["http://192.0.2.1:8000", "https://example.com", "http://localhost.example.com"])
def test_load_is_generated_for_a_server_of_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    with pytest.raises(CommandError, match=f"The server must be on this machine, .*; got {url}"):
        output_of("traffic", "--url", url)


def test_a_scrape_has_the_token_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str | None, float]] = []

    def urlopen(request: Request, timeout: float) -> Any:
        seen.append((request.full_url, request.get_header("Authorization"), timeout))
        if len(seen) == 3:
            raise URLError("refused")
        return io.BytesIO(b"text")

    monkeypatch.setattr(top.urllib.request, "urlopen", urlopen)
    assert top._scrape("http://127.0.0.1:8000") == "text"
    monkeypatch.setenv("STRATA_METRICS__TOKEN", "a token of 32 characters or more ..")
    assert top._scrape("http://127.0.0.1:8000") == "text"
    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:8000/metrics cannot be read: .*refused"):
        top._scrape("http://127.0.0.1:8000")
    url = "http://127.0.0.1:8000/metrics"
    token = "Bearer a token of 32 characters or more .."
    assert seen == [(url, None, 5), (url, token, 5), (url, token, 5)]
    with pytest.raises(CommandError, match="--url must start with http:// or https://, got 'file:///etc'"):
        top._scrape("file:///etc")
