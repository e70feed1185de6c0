"""Attempts at jobs."""

from collections.abc import AsyncIterator

import pytest

from tests.support.app import TestApp
from tests.support.attempts import Attempts, attempting


@pytest.fixture
async def attempts(concurrent_app: TestApp) -> AsyncIterator[Attempts]:
    async with attempting(concurrent_app) as attempts:
        yield attempts
