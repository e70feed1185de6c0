"""How long a client has read nothing of what was written to it."""

import asyncio


class UnreadTimer(asyncio.Protocol):
    """Part of a protocol. Only a client that reads nothing at all is found: a slow one makes progress.

    A full buffer alone shows nothing, since the application fills it again as fast as the client reads.
    """

    transport: asyncio.Transport
    _unsent = 0
    _unread_seconds = 0

    def resume_writing(self) -> None:
        """See asyncio: the client has read so much that the application may write again."""
        self._unread_seconds = 0
        super().resume_writing()

    def count_second(self) -> int:
        """Call it once a second. Returns for how many seconds the client has read nothing."""
        unsent = self.transport.get_write_buffer_size()
        self._unread_seconds = self._unread_seconds + 1 if unsent and unsent >= self._unsent else 0
        self._unsent = unsent
        return self._unread_seconds
