"""A probe's report for people, for programs, and for servers of continuous integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TextIO
from xml.etree import ElementTree as ET

from ticketbridge.terminal import FAINT, GREEN, RED, YELLOW, Paint, counted
from ticketbridge.workbench.cases.value_text import make_legal_xml, write_document
from ticketbridge.workbench.probe.probe_findings import ProbeCheck, ProbeFinding, ProbeReport

_COLOURS = {"error": RED, "warning": YELLOW, "skipped": FAINT}


def as_text(report: ProbeReport, out: TextIO) -> str:
    """Return one line a check, each finding below its check, and the sum."""
    paint = Paint(out)
    lines = [f"probe of {report.url}"]
    for result in report.results:
        facts = f"  {paint(', '.join(result.facts), FAINT)}" if result.facts else ""
        mark = "skipped" if result.skipped else _worst(result) if result.findings else "ok"
        lines.append(f"  {paint(mark.ljust(8), _COLOURS.get(mark, GREEN))}{result.name}{facts}")
        for found in result.findings:
            head = f"{found.severity}[{found.code}]"
            lines += [
                f"    {paint(head, _COLOURS[found.severity])} {found.message}",
                f"      got:      {found.got}",
                f"      expected: {found.expected}",
                f"      why:      {found.why}",
            ]
    errors = sum(found.severity == "error" for found in report.findings)
    warnings = len(report.findings) - errors
    told = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    lines.append(f"{counted(report.calls, 'call')}: {told}")
    return "\n".join(lines)


def _worst(result: ProbeCheck) -> str:
    is_error = any(found.severity == "error" for found in result.findings)
    return "error" if is_error else "warning"


def as_junit(report: ProbeReport, _out: TextIO) -> str:
    """Return a suite with a test for each check; errors fail it, warnings stand in its output."""
    failed = [any(f.severity == "error" for f in result.findings) for result in report.results]
    skipped = sum(result.skipped for result in report.results)
    counts = {"tests": str(len(failed)), "failures": str(sum(failed)), "errors": "0"}
    counts["skipped"] = str(skipped)
    root = ET.Element("testsuites", name="ticketbridge probe")
    suite = ET.SubElement(root, "testsuite", {"name": make_legal_xml(report.url), **counts})
    for result in report.results:
        case = ET.SubElement(suite, "testcase", classname="probe", name=result.name)
        if result.skipped:
            ET.SubElement(case, "skipped")
        for found in result.findings:
            if found.severity == "error":
                message = make_legal_xml(f"{found.code}: {found.message}")
                ET.SubElement(case, "failure", message=message).text = _told(found)
        others = [_told(found) for found in result.findings if found.severity == "warning"]
        if others or result.facts:
            ET.SubElement(case, "system-out").text = "\n".join([*result.facts, *others])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _told(found: ProbeFinding) -> str:
    text = f"{found.message}; got: {found.got}; expected: {found.expected}; why: {found.why}"
    return make_legal_xml(f"{found.code}: {text}")


WRITERS: Mapping[str, Callable[[ProbeReport, TextIO], str]] = MappingProxyType(
    {
        "text": as_text,
        "json": lambda report, _out: write_document(report.findings),
        "junit": as_junit,
    }
)
"""Each format and what writes it."""
