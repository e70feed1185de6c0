"""A real S3 server (SeaweedFS) in a process of its own."""

import fcntl
import os
import random
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx2
from pydantic import SecretStr

from app.settings.storage import StorageSettings
from tests.support.programs import program
from tests.support.waiting import PATIENCE, wait_until

BUCKET = "strata"
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
_LOCK = Path(tempfile.gettempdir()) / f"strata-tests-s3-{os.getuid()}.lock"
_WITHOUT_CATALOGS = ("-s3.port.iceberg=0", "-s3.port.lance=0")
"""Table catalogs would listen on ports of their own, which are the same for each server."""


@dataclass(frozen=True)
class S3Server:
    """A running server. ``filer`` is the URL of its file service, which shows unfinished uploads."""

    endpoint: str
    filer: str

    def settings(self) -> StorageSettings:
        """The settings of an application that stores files here."""
        return StorageSettings(
            bucket=BUCKET, endpoint=self.endpoint, access_key=SecretStr(ACCESS_KEY), secret_key=SecretStr(SECRET_KEY)
        )

    def variables(self) -> dict[str, str]:
        """The same as variables of the environment."""
        given = {"BUCKET": BUCKET, "ENDPOINT": self.endpoint, "ACCESS_KEY": ACCESS_KEY, "SECRET_KEY": SECRET_KEY}
        return {f"STRATA_STORAGE__{name}": value for name, value in given.items()}

    def unfinished_uploads(self) -> list[str]:
        """The ids of multipart uploads that were neither completed nor aborted."""
        return self._entries(".uploads")

    def objects(self, folder: str = "objects") -> list[str]:
        """The keys of the objects in a folder of the bucket, with the path of the bucket."""
        return self._entries(folder)

    def _entries(self, folder: str) -> list[str]:
        url = f"{self.filer}/buckets/{BUCKET}/{folder}/?limit=1000"
        response = httpx2.get(url, headers={"Accept": "application/json"}, timeout=PATIENCE)
        if response.status_code == httpx2.codes.NOT_FOUND:
            return []
        return [entry["FullPath"] for entry in response.json()["Entries"] or []]


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """A server with an empty bucket."""
    with tempfile.TemporaryDirectory(prefix="strata-s3-") as folder:
        credentials = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        command = ["mini", f"-dir={folder}", f"-bucket={BUCKET}", "-admin.ui=false", "-master.telemetry=false"]
        with running_weed(Path(folder), command, credentials) as server:
            # The server creates it after it has begun to respond.
            wait_until(lambda: _exists(f"{server.filer}/buckets/{BUCKET}/"))
            yield server


@contextmanager
def running_weed(folder: Path, command: Sequence[str], variables: Mapping[str, str]) -> Iterator[S3Server]:
    """A server that a command without ports starts."""
    log = folder / "weed.log"
    with _LOCK.open("w") as lock, log.open("wb") as output:
        # The server also chooses ports, among those that are free when it starts: one server starts at a time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        ports = dict(zip(("s3", "filer", "master", "volume"), _free_ports(4), strict=True))
        options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", *(f"-{name}.port={port}" for name, port in ports.items())]
        process = subprocess.Popen(
            [program("weed"), *command, *options, *_WITHOUT_CATALOGS],
            stdout=output,
            stderr=output,
            env=os.environ | variables,
            cwd=folder,
        )
        try:
            server = S3Server(f"http://127.0.0.1:{ports['s3']}", f"http://127.0.0.1:{ports['filer']}")
            wait_until(lambda: process.poll() is not None or _responds(server), PATIENCE, log.read_text)
            assert process.poll() is None, f"ended with {process.returncode}: {log.read_text()}"
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield server
        finally:
            process.kill()
            process.wait(PATIENCE)


def _responds(server: S3Server) -> bool:
    try:
        return _exists(f"{server.filer}/") and httpx2.get(server.endpoint, timeout=1).status_code < 500
    except httpx2.HTTPError:
        return False


def _exists(folder: str) -> bool:
    return httpx2.get(folder, headers={"Accept": "application/json"}, timeout=1).status_code == httpx2.codes.OK


def _free_ports(number: int) -> list[int]:
    """Free ports whose sums with 10,000 are free, too: the server listens on both.

    None is one that the kernel gives to outgoing connections, of which other tests open many meanwhile, or that the
    server uses anyway (17333 and 23646).
    """
    candidates = random.sample(range(11_000, 13_600), 2_600)
    return list(islice((port for port in candidates if _is_free(port) and _is_free(port + 10_000)), number))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
