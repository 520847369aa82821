"""One text of the mapping, checked and run on the answers at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.jmes import Expression
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import Finding, MappingError
from ticketbridge.mapping.loader import Draft, draft_mapping
from ticketbridge.mapping.spec import ExpressionSpec, MappingSpec
from ticketbridge.workbench.answer_run import AnswerRun, ExchangeLog, run_answer
from ticketbridge.workbench.call_formats import find_formats, read_values
from ticketbridge.workbench.cases.runner import WatchedCompiler, compile_for_cases, run_skipping
from ticketbridge.workbench.check.checking import check_text
from ticketbridge.workbench.studio.answer_rows import RowIndex, index_rows
from ticketbridge.workbench.studio.answer_sources import AnswerSource, CallTimes, MissingAnswer
from ticketbridge.workbench.unfinished import Unfinished, find_unfinished, require_finished

_LOGIN = Unreadable("the answer to a login is not shown")


class BodiesRead:
    """Which document each answer was read as: caught where the mapping's expressions see it."""

    def __init__(self) -> None:
        self._scopes: dict[int, Mapping[str, Any]] = {}

    def watch(self, made: Expression, _spec: ExpressionSpec, roots: Collection[str]) -> Expression:
        """Return *made* so that it notes the answers that it is asked about. See Watch."""
        return made.with_announcement(self._note) if "headers" in roots else made

    def _note(self, scope: Mapping[str, Any]) -> None:
        """Keep the first *scope* of an answer: it holds on to the document, and to the headers."""
        self._scopes.setdefault(id(scope.get("headers")), scope)

    def find_scope(self, headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return the scope of the answer with these very *headers*, or None."""
        return self._scopes.get(id(headers))


@dataclass(frozen=True)
class StudioRun:
    """What came of a run. *missing* says why it ended early, *left* what no call asked for."""

    answer_run: AnswerRun = field(repr=False)
    bodies: BodiesRead = field(repr=False)
    unfinished: Unfinished | None = None
    missing: str = ""
    left: Sequence[str] = ()
    times: CallTimes = field(default_factory=dict, repr=False)

    @property
    def spec(self) -> MappingSpec:
        """The mapping that was run."""
        return self.answer_run.bridge.spec

    @property
    def names(self) -> list[str]:
        """The names of the entries of its `source`."""
        return [entry.name for entry in self.spec.source]

    @cached_property
    def indexes(self) -> Sequence[RowIndex | None]:
        """The rows of each answer; None for what is no document."""
        found = map(self.find_document, range(len(self.answer_run.exchanges)))
        return [
            None if isinstance(document, Unreadable) else index_rows(document) for document in found
        ]

    @cached_property
    def answers_key(self) -> str:
        """Says whether two runs have the same answers."""
        digest = hashlib.sha256(self.answer_run.user.encode())
        for exchange in self.answer_run.exchanges:
            answer = exchange.answer
            digest.update(f"|{exchange.request.call}|{exchange.failure}|".encode())
            digest.update(answer.content if answer else b"")
        return digest.hexdigest()[:16]

    def is_login(self, number: int) -> bool:
        """Whether the answer of that *number* is no entry's: credentials stand in it, and it stays here."""
        call = self.answer_run.exchanges[number].request.call
        return call not in self.names

    def find_scope(self, number: int) -> Mapping[str, Any] | None:
        """Return the scope of the response slots about the answer of that *number*, or None."""
        answer = self.answer_run.exchanges[number].answer
        if answer is None or self.is_login(number):
            return None
        return self.bodies.find_scope(answer.headers)

    def find_document(self, number: int) -> Any:
        """Return the document of the answer of that *number*, or Unreadable."""
        if self.is_login(number):
            return _LOGIN
        scope = self.find_scope(number)
        if scope is not None:
            return scope["body"]
        answer = self.answer_run.exchanges[number].answer
        if answer is None:
            return Unreadable("no answer came")
        request = self.answer_run.exchanges[number].request
        return read_values(answer, find_formats(self.spec).get(request.call))


@dataclass(frozen=True, slots=True)
class MappingText:
    """The text of a mapping that may not be saved yet; what it names is looked for beside *file*."""

    text: str = field(repr=False)
    file: Path

    def check(self, environment: Environment) -> Sequence[Finding]:
        """Return what `check` finds."""
        try:
            return check_text(
                self.text,
                file=str(self.file),
                environment=environment,
                folder=self.file.parent,
            )
        except MappingError as error:
            return error.findings

    def draft(self, environment: Environment) -> Draft:
        """Return the mapping as far as it can be read. Raises MappingError."""
        return draft_mapping(
            self.text, file=str(self.file), environment=environment, folder=self.file.parent
        )

    def compile(
        self, environment: Environment, bodies: BodiesRead | None = None
    ) -> tuple[Bridge, Unfinished | None]:
        """Return the mapping without a platform, and what is open in it. Raises MappingError."""
        draft = self.draft(environment)
        opened = find_unfinished(draft)
        spec = opened.spec if opened else require_finished(draft)
        compiler = None if bodies is None else WatchedCompiler(spec.source, bodies.watch)
        return compile_for_cases(spec, compiler), opened


def run_mapping(text: MappingText, source: AnswerSource, environment: Environment) -> StudioRun:
    """Answer the user of *source*. Raises MappingError, SampleError and WaysDiffer."""
    bodies = BodiesRead()
    bridge, opened = text.compile(environment, bodies)
    stand_in = source.stand_in(bridge)
    log = ExchangeLog(stand_in.send)
    offline = bridge.with_last_stage(log.send, logs_in=stand_in.logs_in)
    now = source.now or datetime.now(UTC)
    missing = ""
    try:
        answered = run_skipping(run_answer(offline, source.user, now=now, exchanges=log.exchanges))
    except (*MissingAnswer, WaysDiffer) as reason:
        missing = str(reason)
        trace = AnswerTrace(explains=True)
        answered = AnswerRun(source.user, now, offline, trace, None, None, log.exchanges)
    left = [str(each) for each in stand_in.left]
    return StudioRun(answered, bodies, opened, missing, left, source.times)
