"""The stacks that the benchmarks compare do the same work, and the chart shows their costs."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import httpx2

from app.settings.root import Settings
from tests.benchmarks import chart, plan
from tests.benchmarks.data import PAGE, Data, fill
from tests.benchmarks.measure import Measurement, start
from tests.benchmarks.plan import FASTIFY, LITESTAR, ONE, PAGE_OF_20
from tests.benchmarks.processes import Processes
from tests.support.postgres import clone
from tests.support.programs import report_missing
from tests.support.waiting import PATIENCE

_FASTIFY: Final = Path(__file__).parent / "peers/node_modules/fastify"


def ensure_peers() -> None:
    """Skip the test unless the peers are installed; in CI, fail."""
    if find_spec("litestar") is None or not _FASTIFY.is_dir():
        report_missing("`make bench-tools` installs Litestar and Fastify")


def test_the_chart_has_a_bar_of_the_right_length_for_each_stack() -> None:
    costs = {stack: [float(number), number * 9.0] for number, stack in enumerate(chart.STACKS, 1)}
    results = {
        (stack, workload): Measurement(cpu=cpu) for stack, cpu in costs.items() for workload in (ONE, PAGE_OF_20)
    }
    drawn = ET.fromstring(chart.draw(chart.relative_costs(results)))  # noqa: S314 - drawn here
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(name) for name in chart.STACKS.values()] == [2] * len(chart.STACKS)
    assert [text for text in texts if text in {"0.50", "1.00", "3.00"}] == ["0.50", "1.00", "3.00"] * 2
    widths = [int(bar.attrib["width"]) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[: len(costs)] == [round(number * widths[-1] / len(costs)) for number in range(1, len(costs) + 1)]


FIELDS: Final = {
    *("id", "uid", "author_uid", "author_name", "title", "content"),
    *("status", "published_at", "view_count", "created_at", "updated_at"),
}


def peers(data: Data) -> list[plan.Variant]:
    """Stacks other than those of this project's packages."""
    return [variant for variant in plan.comparison(data) if variant.name in {LITESTAR, FASTIFY}]


async def test_peers_do_the_same_work(admin_dsn: str, settings: Settings, tmp_path: Path) -> None:
    ensure_peers()
    dsn = await clone(admin_dsn, "peers")
    data = await fill(dsn, settings.home, posts=2 * PAGE, deep_page=2)
    with Processes(tmp_path, {"STRATA_DATABASE__URL": dsn}) as processes:
        servers = await asyncio.to_thread(start, processes, peers(data), processes.generator())
        for server in servers.values():
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE) as client:
                page = await client.get(f"/posts?limit={PAGE}", headers={"Origin": "https://app.example"})
                one = await client.get(data.plain_paths[0])
                metrics = await client.get("/metrics")
            assert len(page.json()) == PAGE
            assert one.json()["uid"] == data.plain_paths[0].rpartition("/")[2]
            assert one.json().keys() == page.json()[0].keys() == FIELDS
            assert any("ratelimit" in name for name in page.headers), page.headers
            assert page.headers["access-control-allow-origin"] == "*"
            assert "_count" in metrics.text
            assert "/posts" in (tmp_path / f"{server.name}.log").read_text(), "no access log"
