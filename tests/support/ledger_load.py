"""Random concurrent transfers from many clients over both versions, beside a model of the balances."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import httpx2

from app.ledger.views import AccountView
from tests.support.app import Person
from versions.kit.typeid import encode

BUSY: Final = frozenset({"account_busy", "request_in_flight"})
"""Codes after which a client sends its request again."""
_SECONDS: Final = 60
_ATTEMPTS: Final = 200


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

    def request(self, url: str) -> tuple[str, Mapping[str, Any]]:
        """The URL and the body."""
        payer, payee = self.payer.view, self.payee.view
        if self.version == "v1":
            return f"{url}/api/v1/transfer", {"from_id": payer.id, "to_id": payee.id, "amount": float(self.amount)}
        accounts = {"from_account_id": encode("acct", payer.uid), "to_account_id": encode("acct", payee.uid)}
        return f"{url}/api/v2/transfers", {**accounts, "amount": str(self.amount), "currency": "EUR"}


@dataclass
class Load:
    """What the clients have seen: executed transfers, and how often each status and code."""

    url: str
    executed: list[Planned] = field(default_factory=list)
    rejected: int = 0
    broken: int = 0
    """Requests whose connection ended before the response."""
    seen: Counter[tuple[int, str]] = field(default_factory=Counter)
    replays: int = 0

    async def run(self, plans: Sequence[Planned], clients: int) -> None:
        """Send the transfers from so many clients at once; each retries until it has a result."""
        await asyncio.gather(*(self._client(plans[number::clients]) for number in range(clients)))

    async def _client(self, plans: Sequence[Planned]) -> None:
        async with httpx2.AsyncClient(timeout=_SECONDS) as client:
            for plan in plans:
                results = await asyncio.gather(*(self._execute(client, plan) for _ in range(plan.twins)))
                # A twin that is rejected although another one succeeded ran before or after a deposit of its payer.
                if any(results):
                    self.executed.append(plan)
                else:
                    self.rejected += 1

    async def _execute(self, client: httpx2.AsyncClient, plan: Planned) -> bool:
        """Whether the money was moved."""
        url, body = plan.request(self.url)
        headers = {**plan.payer.owner.headers, "Idempotency-Key": f'"{plan.key}"'}
        for _ in range(_ATTEMPTS):
            try:
                response = await client.post(url, json=body, headers=headers)
            except httpx2.TransportError:
                self.broken += 1
                await asyncio.sleep(0.2)
                continue
            reason = "" if response.is_success else _reason(response)
            self.seen[response.status_code, reason] += 1
            self.replays += "Idempotent-Replayed" in response.headers
            if response.is_success:
                return True
            if reason == "insufficient_funds":
                return False
            assert reason in BUSY, f"{plan.key}: {response.status_code} {response.text}"
            assert response.headers["Retry-After"] == "1"
            await asyncio.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - not cryptographic
        message = f"{plan.key} has no result after {_ATTEMPTS} attempts"
        raise AssertionError(message)


def plan(accounts: Sequence[Money], number: int, seed: int) -> list[Planned]:
    """Random transfers between random accounts; every tenth request is sent twice at once."""
    source = random.Random(seed)  # noqa: S311 - not cryptographic
    planned = []
    for index in range(number):
        payer, payee = source.sample(accounts, 2)
        amount = Decimal(source.randint(1, 4000)) / 100
        version = source.choice(["v1", "v2"])
        planned.append(Planned(f"transfer {index}", version, payer, payee, amount, 2 if index % 10 == 0 else 1))
    return planned


def _reason(response: httpx2.Response) -> str:
    """The code, which v1 does not send: its details have the same words."""
    body = response.json()
    details = {"available balance": "insufficient_funds", "being executed": "account_busy"}
    details["being processed"] = "request_in_flight"
    found = (code for words, code in details.items() if words in str(body["detail"]))
    return str(body.get("code") or next(found, body["detail"]))
