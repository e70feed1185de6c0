"""The periods that a report may have, the labels of its chart, and where its document is written."""

import threading
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson
import pytest
from pypdf import PdfReader

from app.files.queries import FileQueries
from app.reports import document
from app.reports.commands import ReportRequest
from app.reports.document import pdf
from app.reports.errors import InvalidPeriod
from app.reports.views import Report
from tests.app.reports.test_reports import REPORT_OF_NOVEMBER, TITLE, run_job
from tests.support.app import TestApp
from tests.support.jobs import execute
from tests.support.transactions import owner_of

START = date(2024, 1, 1)


def report(days: int) -> Report:
    end = START + timedelta(days=days - 1)
    return Report(TITLE, "Ada", START, end, total=0, views=0, per_day=[0] * days, posts=[])


@pytest.mark.parametrize(("days", "valid"), [(-1, False), (0, False), (1, True), (366, True), (367, False)])
def test_a_period_has_a_day_at_least_and_a_leap_year_at_most(days: int, *, valid: bool) -> None:
    request = ReportRequest(START, START + timedelta(days=days - 1))
    if valid:
        request.ensure_valid()
        return
    with pytest.raises(InvalidPeriod) as caught:
        request.ensure_valid()
    (field,) = caught.value.fields
    assert (field.path, field.code) == (("params", "end_date"), "invalid_period")


def test_a_request_is_the_same_in_its_job() -> None:
    request = ReportRequest(START, START + timedelta(days=9), TITLE)
    assert ReportRequest.of_params(orjson.loads(orjson.dumps(request.params()))) == request
    assert ReportRequest(START, START).title


@pytest.mark.parametrize("days", [1, 10, 11, 30, 365, 366])
def test_a_chart_has_a_label_for_each_day_or_up_to_ten_in_equal_steps(days: int) -> None:
    labels = document._labels(report(days))
    shown = [day for day, label in enumerate(labels) if label]
    assert len(labels) == days
    assert min(days, 5) <= len(shown) <= 10
    assert shown[0] == 0
    assert len({later - earlier for earlier, later in pairwise(shown)}) <= 1
    for day in shown:
        assert datetime.strptime(f"{labels[day]}-2024", "%m-%d-%Y").date() == START + timedelta(days=day % 366)  # noqa: DTZ007 - a date


def test_a_document_names_its_title_and_its_author() -> None:
    metadata = PdfReader(BytesIO(pdf(REPORT_OF_NOVEMBER))).metadata
    assert metadata is not None
    assert (metadata.title, metadata.author) == (TITLE, REPORT_OF_NOVEMBER.author)


def test_the_cells_of_a_long_title_are_on_several_lines() -> None:
    """A title of 200 characters would otherwise cover the other columns."""
    document._register_font()
    table: Any = document._table([*REPORT_OF_NOVEMBER.posts])
    long_one: Any = document._text("word " * 40, size=9)
    _, height = long_one.wrap(document._WIDTHS[0], 1000)
    assert height > 2 * 9
    assert all(type(row[0]) is type(long_one) for row in table._cellvalues[1:])


async def test_the_document_is_written_outside_of_the_event_loop(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes up to a second, in which heartbeats and other jobs go on."""
    await concurrent_app.person("first@example.com")  # The number of the file is not that of its owner.
    ada, threads = await concurrent_app.person("ada@example.com"), list[threading.Thread]()

    def write(given: Report) -> bytes:
        threads.append(threading.current_thread())
        return pdf(given)

    monkeypatch.setattr(document, "pdf", write)
    (row,) = await run_job(concurrent_app, ada.user.uid, "succeeded")
    assert threads
    assert threading.main_thread() not in threads
    result = orjson.loads(str(row["result"]))
    found = await FileQueries(concurrent_app.runtime.database.reads).of_owner(ada.user.id, UUID(result["file"]))
    assert found is not None
    assert result["file_number"] == found.id


async def test_a_report_whose_job_cannot_succeed_leaves_no_file(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    await execute(
        concurrent_app,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;"
        " CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW WHEN (NEW.status = 'succeeded')"
        " EXECUTE FUNCTION refuse()",
    )
    await run_job(concurrent_app, ada.user.uid, "failed")
    async with owner_of(concurrent_app.runtime.database) as owner:
        assert await owner.fetchval("SELECT count(*) FROM files") == 0
