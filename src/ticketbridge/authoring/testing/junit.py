"""A run as JUnit's XML, which the servers of continuous integration read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from ticketbridge.authoring.cases.mapping_runs import CaseRun
from ticketbridge.authoring.testing.rows import Row, rows
from ticketbridge.mapping.findings import Finding

# What XML 1.0 cannot say, not even escaped.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(run: CaseRun) -> str:
    """A suite for each file; what makes a file useless is an error in a suite of its own."""
    root = ET.Element("testsuites", name="ticketbridge test")
    suites: dict[str, list[Row]] = defaultdict(list)
    for row in rows(run):
        suites[row.file].append(row)
    for file, members in suites.items():
        _suite(root, file, members)
    for finding in run.findings:
        _error(root, finding)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, file: str, members: Sequence[Row]) -> None:
    failed = sum(not row.passed for row in members)
    suite = _counted(root, file, tests=len(members), failures=failed, errors=0)
    for row in members:
        case = ET.SubElement(
            suite, "testcase", classname=_speakable(file), name=_speakable(row.case)
        )
        if not row.passed:
            message = _speakable(row.message)
            failure = ET.SubElement(case, "failure", message=message.partition("\n")[0])
            failure.text = message


def _error(root: ET.Element, finding: Finding) -> None:
    file = finding.place.file
    suite = _counted(root, file, tests=1, failures=0, errors=1)
    case = ET.SubElement(suite, "testcase", classname=_speakable(file), name=finding.code)
    ET.SubElement(case, "error", message=_speakable(str(finding)))


def _counted(root: ET.Element, name: str, **counts: int) -> ET.Element:
    numbers = {key: str(count) for key, count in counts.items()}
    return ET.SubElement(root, "testsuite", {"name": _speakable(name), **numbers})


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
