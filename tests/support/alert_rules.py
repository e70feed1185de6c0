"""The rules of Prometheus that an alert needs. promtool evaluates every rule of its files at every step of a test."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from tests.support.promql import readings


def needed(texts: Mapping[str, str], alerts: Iterable[str], exprs: Iterable[str] = ()) -> dict[str, str]:
    """Rule files with the named alerts, and with every rule whose series these alerts or expressions read."""
    files = {name: _groups(text) for name, text in texts.items()}
    rules = [rule for groups in files.values() for group in groups for rule in group["rules"]]
    names = set(alerts)
    kept = {id(rule) for rule in rules if rule.get("alert") in names}
    waiting = [*exprs, *(rule["expr"] for rule in rules if id(rule) in kept)]
    while waiting:
        expr = waiting.pop()
        for rule in rules:
            if id(rule) not in kept and _reads(expr, rule):
                kept.add(id(rule))
                waiting.append(rule["expr"])
    return {
        # JSON is YAML, and written in a fraction of the time.
        name: json.dumps(
            {"groups": [group | {"rules": [rule for rule in group["rules"] if id(rule) in kept]} for group in groups]}
        )
        for name, groups in files.items()
    }


@cache
def _groups(text: str) -> Sequence[dict[str, Any]]:
    groups: Sequence[dict[str, Any]] = yaml.safe_load(text)["groups"]
    return groups


@cache
def _metrics(expr: str) -> frozenset[str]:
    return frozenset(reading.metric for reading in readings(expr))


def _reads(expr: str, rule: Mapping[str, Any]) -> bool:
    """Whether an expression reads what a rule records: each expression is about one objective, or about none."""
    objectives = set(re.findall(r'\bslo="(\w+)"', expr))
    of_objective = not objectives or rule.get("labels", {}).get("slo") in {None, *objectives}
    return of_objective and rule.get("record") in _metrics(expr)
