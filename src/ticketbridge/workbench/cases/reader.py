"""Read a cases file, or report everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from ticketbridge.engine.problems import (
    InvalidUser,
    MappingMismatch,
    Overloaded,
    UnknownUser,
    UpstreamAuth,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.engine.tickets.verdicts import VerdictKind
from ticketbridge.mapping.findings import Finding, MappingError, Place, Report
from ticketbridge.mapping.yaml_nodes import MapNode, Node
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.workbench.cases.answer_reader import AnswerReader
from ticketbridge.workbench.cases.case_spec import CaseSpec, CasesSpec, ExpectSpec, SurvivorSpec
from ticketbridge.workbench.cases.case_values import CaseValues, suggest_legal

MAX_BYTES = 1024 * 1024
SURVIVORS = "survivors"
CASE_KEYS = ("case", "user", "now", "upstream", "expect")
EXPECT_KEYS = ("tickets", "verdicts", "problem", "body")
PROBLEMS = tuple(
    problem.slug
    for problem in (
        UpstreamError,
        UpstreamAuth,
        UpstreamUnreadable,
        MappingMismatch,
        UpstreamUnavailable,
        UpstreamTimeout,
        Overloaded,
        UnknownUser,
        InvalidUser,
    )
)
VERDICTS: Sequence[str] = get_args(VerdictKind)
DETAILED = ("not_eligible", "violation")
MOST_RECORDS = 1_000_000


class CasesError(MappingError):
    """A cases file cannot be used; *findings* says all that is wrong with it."""


def read_cases(file: Path) -> CasesSpec:
    """Return what *file* declares. Raises CasesError with all findings."""
    return parse_cases(_read_text(file), file=str(file), folder=file.parent)


def parse_cases(text: str, *, file: str, folder: Path) -> CasesSpec:
    """Return the cases in *text*. Raises CasesError.

    *file* names the text in findings; *folder* has the files of its answers.
    """
    report = Report()
    try:
        root = read_yaml(text, file, report)
        report.raise_errors()
        spec = _CasesReader(folder, report).read(root)
        report.raise_errors()
    except MappingError as error:
        raise CasesError(error.findings) from None
    return spec


def _read_text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _make_unreadable(file, "the file is not UTF-8") from None
    except OSError as error:
        raise _make_unreadable(file, f"the file cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _make_unreadable(file, "the file is over 1 MiB")
    return text


def _make_unreadable(file: Path, message: str) -> CasesError:
    return CasesError([Finding(Place(str(file), 1, 1), "error", "TB401", message)])


class _CasesReader:
    def __init__(self, folder: Path, report: Report) -> None:
        self._values = CaseValues(report)
        self._answers = AnswerReader(folder, self._values)

    def read(self, root: Node) -> CasesSpec:
        """Return what the file declares."""
        entries = self._values.read_list(root, "the file")
        cases = [self._read_case(entry) for entry in entries if entry.get(SURVIVORS) is None]
        lists = [entry for entry in entries if entry.get(SURVIVORS) is not None]
        survivors = tuple(survivor for entry in lists for survivor in self._read_survivors(entry))
        return CasesSpec(self._drop_repeated(cases), survivors)

    def _drop_repeated(self, read: Iterable[CaseSpec | None]) -> tuple[CaseSpec, ...]:
        """Return the cases that could be read; report a name that stands twice."""
        cases = tuple(case for case in read if case is not None)
        lines: dict[str, int] = {}
        for case in cases:
            first = lines.setdefault(case.name, case.place.line)
            if first != case.place.line:
                message = f"the case `{case.name}` stands twice: here and on line {first}"
                self._values.report(Node(case.place), "TB418", message, "give it another name")
        return cases

    def _read_survivors(self, node: Node) -> Iterator[SurvivorSpec]:
        self._values.check_mapping(node, "the list of survivors", (SURVIVORS,), ())
        for key, value in self._values.read_pairs(node.get(SURVIVORS), f"`{SURVIVORS}`"):
            reason = self._values.read_text(value, "the reason")
            yield SurvivorSpec(str(key.value), reason, key.place)

    def _read_case(self, node: Node) -> CaseSpec | None:
        values = self._values
        if not values.check_mapping(node, "a case", CASE_KEYS, ("case", "user", "expect")):
            return None
        return CaseSpec(
            name=values.read_text(node.get("case"), "`case`"),
            user=values.read_text(node.get("user"), "`user`", empty=True),
            now=self._read_now(node.get("now")),
            answers=self._answers.read(node.get("upstream")),
            expect=self._read_expect(node.need("expect")),
            place=node.place,
        )

    def _read_now(self, node: Node | None) -> datetime | None:
        text = self._values.read_text(node, "`now`")
        if node is None or not text:
            return None
        try:
            now = datetime.fromisoformat(text)
            now.astimezone(UTC)  # beyond the years 1 to 9999 it has no UTC
        except (ValueError, OverflowError):
            now = None
        if now is None or now.tzinfo is None:
            message = "`now` should be a date and time with its offset"
            self._values.report(node, "TB414", message, "for example 2026-11-24T12:00:00Z")
        return now

    # --- expect ---------------------------------------------------------------------------------

    def _read_expect(self, node: Node) -> ExpectSpec:
        if self._values.check_mapping(node, "`expect`", EXPECT_KEYS, ()):
            self._check_one_outcome(node)
        body, tickets, verdicts = node.get("body"), node.get("tickets"), node.get("verdicts")
        return ExpectSpec(
            tickets=None if tickets is None else self._read_tickets(tickets),
            verdicts=None if verdicts is None else self._read_verdicts(verdicts),
            body=None if body is None else (body.plain(),),
            problem=self._read_problem(node.get("problem")),
        )

    def _check_one_outcome(self, node: Node) -> None:
        given = [str(key.value) for key, _ in node.pairs]
        if not given:
            hint = f"at least one of {', '.join(EXPECT_KEYS)}"
            self._values.report(node, "TB415", "`expect` is empty", hint)
        both = [name for name in ("tickets", "body") if name in given and "problem" in given]
        if both:
            message = f"`problem` and `{both[0]}` exclude each other: a problem has no tickets"
            self._values.report(node, "TB416", message)

    def _read_tickets(self, node: Node) -> list[object]:
        entries = self._values.read_list(node, "`tickets`")
        for number, entry in enumerate(entries, 1):
            if not isinstance(entry, MapNode):
                self._values.report(
                    entry, "TB412", f"ticket {number} should be a mapping of fields"
                )
        return [entry.plain() for entry in entries]

    def _read_verdicts(self, node: Node) -> dict[str, int]:
        counts: dict[str, int] = {}
        for key, value in self._values.read_pairs(node, "`verdicts`"):
            word = str(key.value)
            self._check_verdict(key, word)
            counts[word] = self._values.read_whole_number(
                value, f"`{word}`", least=0, most=MOST_RECORDS
            )
        return {word: count for word, count in counts.items() if count}

    def _check_verdict(self, key: Node, word: str) -> None:
        kind, colon, detail = word.partition(":")
        if kind not in VERDICTS:
            hint = suggest_legal(kind, VERDICTS)
            self._values.report(key, "TB413", f"`{word}` is no verdict", hint)
        elif kind in DETAILED and not detail:
            message = f"`{word}` should say of what: a status, a reason or a field"
            self._values.report(key, "TB413", message, f"for example {kind}:REFUNDED")
        elif kind not in DETAILED and colon:
            self._values.report(key, "TB413", f"`{kind}` has nothing after it", f"write `{kind}`")

    def _read_problem(self, node: Node | None) -> str | None:
        slug = self._values.read_text(node, "`problem`")
        if node is not None and slug and slug not in PROBLEMS:
            message = f"`{slug}` is no problem that a case can expect"
            self._values.report(node, "TB413", message, suggest_legal(slug, PROBLEMS))
        return slug if node is not None else None
