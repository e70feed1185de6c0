"""A real OpenID provider (`oidc-provider` of npm), and a user who signs in there without a browser."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urljoin

import httpx2

from tests.support.live import free_port
from tests.support.node_packages import NODE_FOLDER, node_with
from tests.support.provider_sign_in import URLS
from tests.support.waiting import PATIENCE, wait_until

NAME: Final = "real"
CLIENT: Final = "strata"
SECRET: Final = "the secret of the client / with & signs"
_ACTION: Final = re.compile(r'<form[^>]*action="([^"]+)"')
_PROMPT: Final = re.compile(r'name="prompt" value="(\w+)"')


@contextmanager
def real_provider(**variables: str) -> Iterator[str]:
    """The issuer of a running provider."""
    port, node = free_port(), node_with("oidc-provider")
    paths = [callback.format(NAME) for _, callback in URLS.values()]
    command = [node, str(NODE_FOLDER / "provider.js"), str(port), CLIENT, SECRET, *paths]
    environment = {"PATH": os.environ["PATH"], "NODE_ENV": "test", **variables}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=NODE_FOLDER
    ) as process:
        issuer = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: _responds(issuer) or process.poll() is not None, PATIENCE)
            assert process.poll() is None, "the provider ended"
            yield issuer
        finally:
            process.terminate()


def _responds(issuer: str) -> bool:
    try:
        return httpx2.get(f"{issuer}/.well-known/openid-configuration", timeout=PATIENCE).status_code == 200
    except httpx2.TransportError:
        return False


async def sign_in_there(url: str, login: str, callback: str) -> str:
    """Follow the redirects of the provider and submit its forms; the URL of the callback to which it returns."""
    async with httpx2.AsyncClient(timeout=PATIENCE) as browser:
        response = await browser.get(url)
        for _ in range(12):
            if "location" in response.headers:
                url = urljoin(str(response.url), response.headers["location"])
                if url.startswith(callback):
                    return url
                response = await browser.get(url)
                continue
            action, prompt = _ACTION.search(response.text), _PROMPT.search(response.text)
            assert action is not None, response.text
            assert prompt is not None, response.text
            form = {"prompt": prompt[1], "login": login, "password": "any"}
            response = await browser.post(urljoin(str(response.url), action[1]), data=form)
    message = f"no callback after 12 steps: {response.text[:300]}"
    raise AssertionError(message)
