"""Advisory locks of PostgreSQL in the two-integer form: a class for the purpose and a key within it.

The class is derived from a name, so each feature declares its own locks without a central list. A key is 32 bits of a
digest: two different keys collide with a probability of one in four billion, and then exclude each other.
"""

import hashlib

from sqlalchemy import Function, Integer, Label, bindparam, func, literal, select

from app.kit.db.sessions import WriteSession


def lock_ids(name: str, key: bytes = b"") -> tuple[int, int]:
    """The class of a purpose and the key within it, as signed 32-bit integers."""
    return _int4(name.encode()), _int4(key)


async def lock(session: WriteSession, name: str, key: bytes = b"") -> None:
    """Wait for the lock; it is released at the end of the transaction."""
    await session.execute(select(_call("pg_advisory_xact_lock", name, key)))


async def try_lock(session: WriteSession, name: str, key: bytes = b"") -> bool:
    """Acquire the lock unless another transaction has it, and return whether it was acquired."""
    return bool(await session.scalar(select(_call("pg_try_advisory_xact_lock", name, key))))


def try_lock_column(purpose: str, key: str) -> Label[bool]:
    """``try_lock`` as the column ``locked`` of a compiled statement, whose parameters have these names."""
    call = func.pg_try_advisory_xact_lock(bindparam(purpose, type_=Integer), bindparam(key, type_=Integer))
    return call.label("locked")


def _call(function: str, name: str, key: bytes) -> Function[bool]:
    call: Function[bool] = getattr(func, function)(*(literal(part, Integer) for part in lock_ids(name, key)))
    return call


def _int4(value: bytes) -> int:
    return int.from_bytes(hashlib.sha256(value).digest()[:4], signed=True)
