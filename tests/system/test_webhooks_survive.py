"""Two workers are killed at random during deliveries: every committed event arrives, and repeats have the same id."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx2

from tests.support.live import Strata, api_key
from tests.support.postgres import clone, execute_as_owner, stored_rows
from tests.support.receiving import receiving
from tests.support.waiting import PATIENCE, wait_until
from versions.kit.typeid import encode

EVENTS = 150
KILLS = 6
OPEN = "SELECT 1 FROM deliveries WHERE status IN ('pending', 'sending')"


def _received(ids: Sequence[str], number: int) -> bool:
    return len(ids) >= number


def test_every_event_arrives_although_workers_are_killed(admin_dsn: str, tmp_path: Path) -> None:
    dsn = asyncio.run(clone(admin_dsn, "survive"))
    strata = Strata(tmp_path / "home", dsn, STRATA_LOG__LEVEL="warning")
    chance = random.Random(7)  # noqa: S311 - no secret
    with ExitStack() as stack:
        url = stack.enter_context(strata.serving())
        target, ids = stack.enter_context(receiving(204, delay=0.1))
        client = stack.enter_context(httpx2.Client(base_url=url, headers=api_key(strata), timeout=PATIENCE))
        made = client.post("/api/v2/webhook-endpoints", json={"url": target, "events": ["post.created"]})
        assert made.status_code == 201, made.text
        workers = [stack.enter_context(strata.running("worker")) for _ in range(2)]

        def publish() -> None:
            for number in range(EVENTS):
                client.post("/api/v2/posts", json={"title": f"{number}", "content": "", "status": "draft"})
                time.sleep(0.02)

        publisher = threading.Thread(target=publish)
        publisher.start()
        stack.callback(publisher.join)
        for _ in range(KILLS):
            enough = len(ids) + 4
            wait_until(partial(_received, ids, enough), PATIENCE, lambda: strata.log("worker"))
            number = chance.randrange(2)
            workers[number].kill()
            workers[number].wait(PATIENCE)
            workers[number] = stack.enter_context(strata.running("worker"))
        publisher.join()
        events = {
            encode("evt", uid) for (uid,) in stored_rows(dsn, "SELECT uid FROM events WHERE type = 'post.created'")
        }
        assert len(events) == EVENTS
        sending = "SELECT count(*) FROM deliveries WHERE status = 'sending'"
        wait_until(lambda: stored_rows(dsn, sending)[0][0] <= 4 * KILLS and set(ids) <= events, PATIENCE)
        # As if the leases of the killed workers had ended.
        execute_as_owner(dsn, "UPDATE deliveries SET next_at = now() - interval '1 second' WHERE status = 'sending'")
        wait_until(
            lambda: stored_rows(dsn, "SELECT count(*) FROM deliveries")[0][0] == EVENTS and not stored_rows(dsn, OPEN),
            PATIENCE,
            lambda: stored_rows(dsn, "SELECT status, count(*) FROM deliveries GROUP BY 1"),
        )
        assert set(ids) == events
        assert stored_rows(dsn, "SELECT DISTINCT status FROM deliveries") == [("succeeded",)]
        repeated = len(ids) - len(events)
        again = stored_rows(dsn, "SELECT count(*) FROM deliveries WHERE attempt > 1")[0][0]
        assert repeated <= stored_rows(dsn, "SELECT sum(attempt - 1) FROM deliveries")[0][0]
        assert again > 0, "a worker was killed between a request and its record"
