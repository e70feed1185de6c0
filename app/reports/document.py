"""Writes a report as PDF. The same report has the same bytes, whenever and wherever it is written."""

from collections.abc import Sequence
from datetime import UTC, date
from functools import cache
from html import escape
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from app.reports.views import Report, ReportedPost

_FONT: Final = "DejaVuSans"
"""The built-in fonts of PDF leave letters out without an error, Polish ones among them."""
_MARGIN: Final = 2 * cm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_CHART_HEIGHT: Final = 5 * cm
_MOST_LABELS: Final = 10
_COLUMNS: Final = ("Title", "Status", "Created", "Views")
_WIDTHS: Final = (_WIDTH - 7.5 * cm, 2.5 * cm, 3 * cm, 2 * cm)


def pdf(report: Report) -> bytes:
    """The document: a summary, a chart of posts per day, and a table of the posts."""
    _register_font()
    output = BytesIO()
    document = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=report.title,
        author=report.author,
        invariant=1,  # no time and no random identifier in the file
    )
    document.build(
        [
            _text(report.title, size=18),
            _text(f"{report.author}, {report.start} to {report.end}", size=10),
            _text(f"{report.total} posts, {report.views} views", size=10),
            Spacer(0, 0.5 * cm),
            _chart(report),
            Spacer(0, 0.5 * cm),
            _table(report.posts),
        ]
    )
    return output.getvalue()


@cache
def _register_font() -> None:
    path = files(__package__) / "fonts" / "DejaVuSans.ttf"
    pdfmetrics.registerFont(TTFont(_FONT, str(path)))


def _text(value: str, size: float) -> Any:
    return Paragraph(escape(value), ParagraphStyle("text", fontName=_FONT, fontSize=size, leading=1.4 * size))


def _chart(report: Report) -> Any:
    drawing = Drawing(_WIDTH, _CHART_HEIGHT)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = cm, cm, _WIDTH - cm, _CHART_HEIGHT - 1.2 * cm
    chart.data = [tuple(report.per_day)]
    chart.bars[0].fillColor = HexColor("#1d4ed8")
    chart.bars[0].strokeColor = None
    chart.valueAxis.valueMin = 0
    chart.valueAxis.labels.fontName = chart.categoryAxis.labels.fontName = _FONT
    chart.valueAxis.labels.fontSize = chart.categoryAxis.labels.fontSize = 7
    chart.categoryAxis.categoryNames = _labels(report)
    drawing.add(chart)
    return drawing


def _labels(report: Report) -> list[str]:
    """The dates below the bars; of a long period only some, so that they do not overlap."""
    step = -(-len(report.per_day) // _MOST_LABELS)
    first = report.start.toordinal()
    return [
        date.fromordinal(first + day).strftime("%m-%d") if day % step == 0 else "" for day in range(len(report.per_day))
    ]


def _table(posts: Sequence[ReportedPost]) -> Any:
    rows = [
        [_text(post.title, size=9), post.status, f"{post.created_at.astimezone(UTC):%Y-%m-%d}", str(post.view_count)]
        for post in posts
    ]
    style = [
        ("FONT", (0, 0), (-1, -1), _FONT, 9),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, HexColor("#a8a29e")),
        ("ALIGN", (-1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table([list(_COLUMNS), *rows], colWidths=_WIDTHS, style=style, repeatRows=1)
