"""A bounded queue with one thread."""

import threading
import time
from collections.abc import Iterator

import pytest

from observability.concurrency.background_queue import BackgroundQueue

LONG = 60.0
"""Seconds; longer than any of these tests runs."""
SOON = 5.0


class Handler:
    """Records batches. The first one waits until ``release`` is set; ``succeeds`` is what a call returns."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = threading.Event()
        self.release = threading.Event()
        self.succeeds = True

    def __call__(self, batch: list[int]) -> bool:
        self.batches.append(batch)
        self.started.set()
        self.release.wait(LONG)
        return self.succeeds


@pytest.fixture
def handler() -> Iterator[Handler]:
    handler = Handler()
    yield handler
    handler.release.set()


def queue_of(handler: Handler, *, pause: float = 0.01, close_seconds: float = SOON) -> BackgroundQueue[int]:
    return BackgroundQueue(handler, name="test", size=4, batch=2, wake_at=1, pause=pause, close_seconds=close_seconds)


def test_items_are_handled_in_order_and_in_batches(handler: Handler) -> None:
    handler.release.set()
    queue = queue_of(handler)
    assert [queue.submit(item) for item in range(4)] == [None] * 4
    queue.start()
    assert queue.close() == []
    assert handler.batches == [[0, 1], [2, 3]]
    assert not queue.running


def test_a_full_queue_drops_new_items(handler: Handler) -> None:
    queue = queue_of(handler)
    assert [queue.submit(item) for item in range(6)] == [None] * 4 + ["queue_full"] * 2


def test_the_thread_wakes_before_its_pause_when_enough_items_wait(handler: Handler) -> None:
    queue = queue_of(handler, pause=LONG)
    queue.start()
    queue.submit(0)
    assert not handler.started.wait(0.1), "one item is not worth waking the thread"
    queue.submit(1)
    assert handler.started.wait(SOON)


def test_a_closed_queue_drops_new_items(handler: Handler) -> None:
    handler.release.set()
    queue = queue_of(handler)
    queue.start()
    queue.close()
    assert queue.submit(1) == "shutdown"


def test_close_returns_the_items_of_a_handler_that_hangs_and_those_behind_it(handler: Handler) -> None:
    queue = queue_of(handler, close_seconds=0.05)
    for item in range(4):
        queue.submit(item)
    queue.start()
    assert handler.started.wait(SOON)
    assert queue.close() == [0, 1, 2, 3]
    assert queue.abandoned


def test_close_interrupts_a_handler_that_takes_too_long(handler: Handler) -> None:
    queue = queue_of(handler, close_seconds=0.05)
    queue.submit(0)
    queue.start()
    assert handler.started.wait(SOON)
    assert queue.close(interrupt=handler.release.set) == []
    assert not queue.abandoned


def test_close_stops_after_a_batch_that_failed(handler: Handler) -> None:
    handler.succeeds = False
    queue = queue_of(handler)
    for item in range(4):
        queue.submit(item)
    queue.start()
    assert handler.started.wait(SOON)
    threading.Timer(0.05, handler.release.set).start()
    assert queue.close() == [2, 3]
    assert handler.batches == [[0, 1]]


def test_a_queue_without_limits_of_its_own_handles_a_single_item_soon_and_closes_soon(handler: Handler) -> None:
    queue: BackgroundQueue[int] = BackgroundQueue(handler, name="test", size=4, batch=2, wake_at=3)
    queue.start()
    assert queue.submit(0) is None
    assert handler.started.wait(SOON), "one item waits for the pause only"
    started = time.monotonic()
    assert queue.close(interrupt=lambda: None) == [0]
    assert 0.5 < time.monotonic() - started < LONG / 4, "a handler has a second, and some time after the interruption"


def test_an_item_is_queued_until_exactly_the_size_is_reached(handler: Handler) -> None:
    queue: BackgroundQueue[int] = BackgroundQueue(handler, name="test", size=1, batch=2, wake_at=3)
    assert [queue.submit(item) for item in range(2)] == [None, "queue_full"]
    assert not queue.running
    assert not queue.abandoned


def test_close_handles_every_batch_that_succeeds_in_time(handler: Handler) -> None:
    queue = queue_of(handler)
    for item in range(4):
        queue.submit(item)
    queue.start()
    assert handler.started.wait(SOON)
    threading.Timer(0.05, handler.release.set).start()
    assert queue.close() == []
    assert handler.batches == [[0, 1], [2, 3]]


def test_the_thread_has_the_name_of_the_queue_and_does_not_keep_the_process_alive(handler: Handler) -> None:
    handler.release.set()
    queue: BackgroundQueue[int] = BackgroundQueue(handler, name="a queue", size=4, batch=2, wake_at=1)
    queue.start()
    (thread,) = (each for each in threading.enumerate() if each.name == "a queue")
    assert thread.daemon
    queue.close()
