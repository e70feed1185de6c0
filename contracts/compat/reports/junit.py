"""The report as JUnit XML, for CI systems that show test results."""

import re
from typing import Final
from xml.etree import ElementTree as ET

from contracts.compat.findings import Report, Severity

# Characters that XML 1.0 does not allow.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, document: str) -> str:
    """A test case for each change, which fails if the change is breaking. Without changes: one case that passes."""
    causes = report.causes
    failures = report.count(Severity.BREAKING)
    tests = str(max(1, len(causes)))
    name = _printable(document)
    suite = ET.Element("testsuite", name=name, tests=tests, failures=str(failures), errors="0", skipped="0")
    if not causes:
        ET.SubElement(suite, "testcase", classname="compatibility", name="nothing changed")
    for cause in causes:
        finding = cause.first
        title = _printable(f"{finding.operation} {finding.pointer}".strip())
        case = ET.SubElement(suite, "testcase", classname=finding.rule, name=title)
        message = _printable(cause.message)
        if finding.severity is Severity.BREAKING:
            ET.SubElement(case, "failure", type=finding.rule, message=message).text = _printable(
                "\n".join(one.pointer for one in cause.findings)
            )
        else:
            ET.SubElement(case, "system-out").text = f"{finding.severity.value}: {message}"
    suites = ET.Element("testsuites", tests=tests, failures=str(failures))
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
