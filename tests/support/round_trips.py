"""Counts the round trips between the application and PostgreSQL, in the messages of the wire protocol.

Each execution of a prepared statement and each simple query waits for one reply. What happens once per connection is
not counted: preparing a statement, and questions about the server and its types. Neither are notifications, which are
sent after the response.
"""

from typing import Final

_HEADER: Final = 5
"""A type of one byte and a length of four. The first message of a connection has no type."""
_NOT_COUNTED: Final = (
    "pg_notify",
    "typeinfo_tree",
    "pg_catalog",
    "'jit'",
    "current_schema",
    "standard_conforming_strings",
)


class RoundTrips:
    """The statements that clients of a ``DatabaseProxy`` sent, in order."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def connect(self) -> "_Conversation":
        """A tap for one connection."""
        return _Conversation(self.statements)

    def take(self) -> list[str]:
        """The statements since the last call."""
        taken, self.statements[:] = self.statements[:], []
        return taken


class _Conversation:
    """Parses what one client sends."""

    def __init__(self, statements: list[str]) -> None:
        self._statements = statements
        self._pending = b""
        self._started = False
        self._prepared: dict[bytes, str] = {}
        self._bound = ""

    def __call__(self, data: bytes) -> None:
        self._pending += data
        while True:
            skipped = 1 if self._started else 0
            if len(self._pending) < _HEADER:
                return
            end = skipped + int.from_bytes(self._pending[skipped : skipped + 4])
            if len(self._pending) < end:
                return
            message, self._pending = self._pending[:end], self._pending[end:]
            if self._started:
                self._read(message[:1], message[_HEADER:])
            self._started = True

    def _read(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text.decode()
        elif kind == b"B":
            _, name, _ = body.split(b"\0", 2)
            self._bound = self._prepared[name]
        elif kind == b"E":
            self._note(self._bound)
        elif kind == b"Q":
            self._note(body[:-1].decode())

    def _note(self, text: str) -> None:
        if not any(part in text for part in _NOT_COUNTED):
            self._statements.append(" ".join(text.split()))
