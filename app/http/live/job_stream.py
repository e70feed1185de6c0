"""The stream of the states of one job, which ends with the job."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cached_property, partial
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.http.live.connections import Place
from app.http.live.streams import EventStreamResponse, message
from app.http.runtime import Component, Runtime
from app.jobs.feed import JobFeed
from app.jobs.views import JobView

Encode = Callable[[JobView], bytes]
"""The JSON of a job in the format of one version, without line breaks."""
PROGRESS: Final = "progress"
FINISHED: Final = "finished"


class JobFeedComponent(Component):
    """The feed of jobs of the process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @classmethod
    def build(cls, runtime: Runtime) -> "JobFeedComponent":
        """Needs no database yet: commands and tests build components without one."""
        return cls(runtime)

    @cached_property
    def feed(self) -> JobFeed:
        """The one feed of the process."""
        return JobFeed(self._runtime.database.reads)

    def running(self) -> AbstractAsyncContextManager[None]:
        """See ``Component``."""
        return self.feed.running()


def job_stream(runtime: Runtime, place: Place, job: JobView, encode: Encode, last_event_id: str | None) -> Response:
    """The stream of a job, or 204 for a client that has its last state: an ``EventSource`` then stops for good."""
    if job.finished and last_event_id == str(job.revision):
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return JobStream(runtime, place, job, encode, last_event_id)


class JobStream(EventStreamResponse):
    """Sends each state of a job that differs from the one before. The id of a message is the revision of the job.

    A message has the whole state, so a new one replaces one that waits: a slow client misses states in between, and
    nothing else. The same applies to a client that connects again.
    """

    def __init__(self, runtime: Runtime, place: Place, job: JobView, encode: Encode, last_event_id: str | None) -> None:
        super().__init__(runtime, place)
        self._job = job
        self._encode = encode
        self._feed = runtime.get(JobFeedComponent).feed
        self._sent_revision = job.revision if last_event_id == str(job.revision) else None

    def offer(self, view: JobView | None) -> None:
        """Receive the current state. Never blocks."""
        if view is None:
            self.end("deleted")
            return
        if view.revision == self._sent_revision:
            return
        data = self._failures.rendered(self.api_version, (view.uid, view.revision), partial(self._encode, view))
        self._sent_revision = view.revision
        if data is not None:
            self.clear()
            self.put(message(FINISHED if view.finished else PROGRESS, data, view.revision))
        if view.finished:
            self.end(FINISHED)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ``EventStreamResponse``."""
        with self._feed.watched(self._job.uid, self.offer):
            await super().serve(scope, receive, send)

    async def fill(self) -> None:
        """Queue the state that the request has found; the feed offers later ones."""
        self.offer(self._job)
