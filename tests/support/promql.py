"""Which series, and which of their labels, a PromQL expression reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

INTERVALS = {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "1h"}
"""Grafana's own variables, which are durations."""
ALL = ".*"
"""The value of the other variables while nothing is selected."""


@dataclass(frozen=True)
class Reading:
    """A metric and the labels that an expression expects of it."""

    metric: str
    labels: frozenset[str]


def filled(expr: str, *, interval: str | None = None) -> str:
    """The expression as Grafana would send it with every variable at All."""
    for name, value in INTERVALS.items():
        expr = expr.replace(name, interval or value)
    return re.sub(r"\$\w+", ALL, expr)


def readings(expr: str) -> set[Reading]:
    """Every selector, with the labels of its matchers and of the groupings around it. Fails where it is not PromQL."""
    return set(_readings(promql.parse(filled(expr)), frozenset()))


def _readings(node: promql.Expr, around: frozenset[str]) -> Iterator[Reading]:
    match node:
        case promql.VectorSelector():
            assert node.name is not None, "a selector names its metric"
            yield Reading(node.name, around | {matcher.name for matcher in node.matchers.matchers})
        case promql.MatrixSelector():
            yield from _readings(node.vector_selector, around)
        case promql.AggregateExpr():
            yield from _readings(node.expr, around | set(node.modifier.labels if node.modifier else ()))
        case promql.BinaryExpr():
            matching = node.modifier.matching if node.modifier else None
            for side in (node.lhs, node.rhs):
                yield from _readings(side, around | set(matching.labels if matching else ()))
        case promql.Call():
            for argument in node.args:
                yield from _readings(argument, around)
        case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            yield from _readings(node.expr, around)
        case _:
            assert isinstance(node, promql.NumberLiteral | promql.StringLiteral), (
                f"a PromQL node that this function does not support: {node}"
            )
