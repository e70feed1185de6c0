"""Random concurrent transfers from many clients over both versions, beside a model of the balances."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import httpx2

from app.ledger.views import AccountView
from tests.support.app import Person
from tests.support.dialects import DIALECTS

REASONS: Final = ("insufficient_funds", "account_busy", "request_in_flight")
"""Codes that a client can get. After all but the first, it sends its request again."""
_OVERLOADED: Final = 503
"""On a busy machine, a request may wait for a connection to the database in vain; it is sent again."""
_SECONDS: Final = 60
_ATTEMPTS: Final = 200
_NO_KEEPALIVE: Final = httpx2.Limits(max_keepalive_connections=0)
"""Each request has a connection of its own, so that both worker processes serve each client."""


@dataclass(frozen=True)
class Money:
    """An account and its owner."""

    owner: Person
    view: AccountView


@dataclass(frozen=True)
class Planned:
    """A transfer with its idempotency key. ``twins`` requests are sent at once, all with the same key."""

    key: str
    version: str
    payer: Money
    payee: Money
    amount: Decimal
    twins: int


@dataclass
class Load:
    """What the clients have seen: executed transfers, and how often each result."""

    url: str
    executed: list[Planned] = field(default_factory=list)
    rejected: int = 0
    broken: int = 0
    """Requests whose connection ended before the response."""
    seen: Counter[str] = field(default_factory=Counter)
    replays: int = 0
    total: int = 0
    half: asyncio.Event = field(default_factory=asyncio.Event)
    """Half of the transfers have a result."""

    async def run(self, plans: Sequence[Planned], clients: int) -> None:
        """Send the transfers from so many clients at once; each retries until it has a result."""
        self.total = len(plans)
        await asyncio.gather(*(self._client(plans[number::clients]) for number in range(clients)))

    async def _client(self, plans: Sequence[Planned]) -> None:
        async with httpx2.AsyncClient(base_url=self.url, timeout=_SECONDS, limits=_NO_KEEPALIVE) as client:
            for plan in plans:
                results = await asyncio.gather(*(self._execute(client, plan) for _ in range(plan.twins)))
                # A twin that is rejected although another one succeeded ran before or after a deposit of its payer.
                if any(results):
                    self.executed.append(plan)
                else:
                    self.rejected += 1
                if len(self.executed) + self.rejected == self.total // 2:
                    self.half.set()

    async def _execute(self, client: httpx2.AsyncClient, plan: Planned) -> bool:
        """Whether the money was moved."""
        dialect = DIALECTS[plan.version]
        request = dialect.transfer(plan.payer.view, plan.payee.view, str(plan.amount))
        headers = {**plan.payer.owner.headers, "Idempotency-Key": f'"{plan.key}"'}
        for _ in range(_ATTEMPTS):
            try:
                response = await request.send(client, headers=headers)
            except httpx2.TransportError:
                self.broken += 1
                await asyncio.sleep(0.2)
                continue
            self.replays += "Idempotent-Replayed" in response.headers
            if response.is_success:
                self.seen["success"] += 1
                return True
            assert "conflicting change" not in response.text, "a deadlock is visible to a client"
            found = [code for code in REASONS if dialect.is_failure(response, code)]
            (reason,) = found or (["unavailable"] if response.status_code == _OVERLOADED else [response.text])
            self.seen[reason] += 1
            assert reason in {*REASONS, "unavailable"}, f"{plan.key}: {response.status_code} {response.text}"
            if reason == "insufficient_funds":
                return False
            delay = float(response.headers["Retry-After"])
            await asyncio.sleep(delay * random.uniform(0.1, 0.2))  # noqa: S311 - not cryptographic
        message = f"{plan.key} has no result after {_ATTEMPTS} attempts"
        raise AssertionError(message)


def plan(accounts: Sequence[Money], number: int, seed: int) -> list[Planned]:
    """Random transfers between random accounts; every tenth request is sent twice at once."""
    source = random.Random(seed)  # noqa: S311 - not cryptographic
    planned = []
    for index in range(number):
        payer, payee = source.sample(accounts, 2)
        amount = Decimal(source.randint(1, 4000)) / 100
        version = source.choice(sorted(DIALECTS))
        planned.append(Planned(f"transfer {index}", version, payer, payee, amount, 2 if index % 10 == 0 else 1))
    return planned
