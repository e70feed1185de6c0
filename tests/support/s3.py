"""A real S3 server (SeaweedFS) in a process of its own."""

import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.live import free_port
from tests.support.programs import program
from tests.support.waiting import PATIENCE, wait_until

BUCKET = "strata"
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
_LOCK = Path(tempfile.gettempdir()) / "strata-tests-s3.lock"


@dataclass(frozen=True)
class S3Server:
    """A running server. ``filer`` is the URL of its file service, which shows unfinished uploads."""

    endpoint: str
    filer: str

    def unfinished_uploads(self) -> list[str]:
        """The ids of multipart uploads that were neither completed nor aborted."""
        url = f"{self.filer}/buckets/{BUCKET}/.uploads/"
        response = httpx2.get(url, headers={"Accept": "application/json"}, timeout=PATIENCE)
        if response.status_code == httpx2.codes.NOT_FOUND:
            return []
        return [entry["FullPath"] for entry in response.json()["Entries"] or []]


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """A server with an empty bucket. One at a time runs on the machine, since some of its ports are fixed."""
    with _LOCK.open("w") as lock, tempfile.TemporaryDirectory(prefix="strata-s3-") as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        s3, filer = free_port(), _free_pair()
        command = [
            program("weed"),
            "mini",
            f"-dir={folder}",
            f"-bucket={BUCKET}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={s3}",
            f"-filer.port={filer}",
            f"-master.port={_free_pair()}",
            f"-volume.port={_free_pair()}",
            "-admin.ui=false",
        ]
        log = Path(folder) / "weed.log"
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=folder)
        try:
            server = S3Server(f"http://127.0.0.1:{s3}", f"http://127.0.0.1:{filer}")
            wait_until(lambda: _has_bucket(server), PATIENCE, log.read_text)
            yield server
        finally:
            process.kill()
            process.wait(PATIENCE)


def _has_bucket(server: S3Server) -> bool:
    try:
        found = httpx2.get(f"{server.filer}/buckets/{BUCKET}/", headers={"Accept": "application/json"}, timeout=1)
        return found.status_code == httpx2.codes.OK and httpx2.get(server.endpoint, timeout=1).status_code < 500
    except httpx2.HTTPError:
        return False


def _free_pair() -> int:
    """A free port whose sum with 10,000 is free, too: the server listens on both."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if port <= 55_000 and probe.connect_ex(("127.0.0.1", port + 10_000)):
                return port
