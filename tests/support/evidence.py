"""Writes the evidence of usage that an application has collected."""

import asyncio

from app.http.runtime import Runtime
from app.http.usage import UsageComponent
from app.http.usage_evidence import EvidenceComponent
from tests.support.waiting import PATIENCE


async def write_evidence(runtime: Runtime) -> None:
    """Summarise all sampled requests, however long it takes, and write what was counted."""
    evidence = runtime.get(EvidenceComponent)
    evidence.collector.start()
    await asyncio.to_thread(evidence.collector.close, PATIENCE)
    await evidence.flush()
    await runtime.get(UsageComponent).flush()
