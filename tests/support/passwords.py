"""Argon2 at its lowest cost, for tests of what sign-in does, not of the cost of guessing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_RECOMMENDED: Final = PasswordHash.recommended
CHEAP: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@contextmanager
def cheap_hashing() -> Iterator[None]:
    """Within the block, new ``PasswordHasher`` objects of this process create cheap hashes."""
    with _hashing_with(lambda: CHEAP):
        yield


@contextmanager
def real_hashing() -> Iterator[None]:
    """Within the block, new ``PasswordHasher`` objects are those of the product."""
    with _hashing_with(_RECOMMENDED):
        yield


@contextmanager
def _hashing_with(recommended: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PasswordHash, "recommended", recommended)
        yield
