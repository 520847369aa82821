"""What the page works on: two files, the answers at hand, and the last runs. One request at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock

import msgspec

from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, MappingError
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.answers import run_watched
from ticketbridge.workbench.cases.runner import cases_file
from ticketbridge.workbench.draft.command import draft_given, name_platform, read_given
from ticketbridge.workbench.draft.sample_requests import GivenAnswer
from ticketbridge.workbench.explain import Masker
from ticketbridge.workbench.file_replacing import replacing
from ticketbridge.workbench.page import as_html
from ticketbridge.workbench.personal.personal_data import PersonalData, find_personal_data
from ticketbridge.workbench.personal.standins import SOMEONE
from ticketbridge.workbench.samples import Sample, SampleError
from ticketbridge.workbench.sheet.sheet_content import sheet_of
from ticketbridge.workbench.studio.answer_sources import (
    AnswerSource,
    answers_of_case,
    answers_of_fetch,
    answers_of_samples,
)
from ticketbridge.workbench.studio.case_views import PreparedCase
from ticketbridge.workbench.studio.finding_repairs import (
    FindingRepair,
    find_data_repairs,
    find_repairs,
)
from ticketbridge.workbench.studio.run_view import RunView
from ticketbridge.workbench.studio.stored_cases import StoredCases
from ticketbridge.workbench.studio.studio_run import MappingText, StudioRun, run_mapping
from ticketbridge.workbench.unfinished import require_finished

MOST_RUNS = 4
UNSET = "TB021"


class WorkshopError(UsageError):
    """What the page asks for cannot be done; the text says why."""


class ChosenSource(msgspec.Struct, frozen=True):
    """Which answers a run is made of: those of the case *name*, the pasted samples, or what was fetched."""

    kind: str = "samples"
    name: str = ""


class Workshop:
    """The state behind one page. *variables* are those of the environment."""

    def __init__(self, mapping: Path, variables: Mapping[str, str]) -> None:
        self.lock = RLock()
        self.mapping = mapping
        self.cases = StoredCases(cases_file(mapping))
        self.prepared: PreparedCase | None = None
        self.sheet = ""
        self._given: list[GivenAnswer] = []
        self.sample_user = SOMEONE
        self._real = Environment(variables)
        self._checking = Environment(variables, missing="placeholder")
        self._offline = Environment.offline()
        self._fetched: AnswerRun | None = None
        self._runs: dict[int, StudioRun] = {}
        self._number = 0
        self._personal: dict[str, PersonalData] = {}
        self._known = ""
        self._newline = "\n"

    # --- files ----------------------------------------------------------------------------------

    def read(self) -> str:
        """Return the text of the mapping's file, "" where it is not there yet. Raises WorkshopError."""
        text = self._read_file()
        self._known = _digest(text)
        # The page knows one sign for the end of a line.
        self._newline = "\r\n" if "\r\n" in text else "\n"
        return text.replace("\r\n", "\n")

    def save(self, text: str) -> None:
        """Write *text* as the mapping's file, unless somebody else has changed it. Raises WorkshopError."""
        if _digest(self._read_file()) != self._known:
            raise WorkshopError(
                f"{self.mapping.name} was changed by another program since it was read here:"
                " load it again, or save that one elsewhere first"
            )
        text = text.replace("\n", self._newline)
        try:
            with replacing(self.mapping) as beside:
                beside.write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise WorkshopError(f"{self.mapping} cannot be written: {error.strerror}") from None
        self._known = _digest(text)

    def _read_file(self) -> str:
        if not self.mapping.exists():
            return ""
        try:
            return self.mapping.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WorkshopError(f"{self.mapping} cannot be read: {error}") from None

    def text_of(self, text: str) -> MappingText:
        """Return *text* as that of the mapping's file."""
        return MappingText(text, self.mapping)

    # --- answers --------------------------------------------------------------------------------

    def list_cases(self) -> tuple[Sequence[str], str]:
        """Return the names of the cases, and why they cannot be read, or ""."""
        try:
            return [case.name for case in self.cases.read().cases], ""
        except MappingError as error:
            return (), str(error.findings[0])

    def add_sample(self, target: str, content: str, user: str) -> None:
        """Take *content* for what came of *target*: see `read_given`. Raises SampleError."""
        name = f"sample {len(self._given) + 1}"
        self.sample_user = user or self.sample_user
        self._given += read_given(target.strip(), name, content.encode(), self.sample_user)

    def forget_samples(self) -> None:
        """Forget all pasted answers."""
        self._given.clear()

    @property
    def samples(self) -> Sequence[Sample]:
        """The pasted answers."""
        return [given.sample for given in self._given]

    def fetch(self, text: str, user: str) -> None:
        """Ask the platform for *user*. Raises MappingError."""
        bridge = compile_mapping(require_finished(self.text_of(text).draft(self._real)))
        self._fetched = asyncio.run(run_watched(bridge, user, None))

    def _find_source(self, chosen: ChosenSource) -> AnswerSource:
        if chosen.kind == "case":
            case = self.cases.find(chosen.name)
            if case is not None:
                return answers_of_case(case)
            raise WorkshopError(f"there is no case `{chosen.name}` any more")
        if chosen.kind == "fetched" and self._fetched is not None:
            return answers_of_fetch(self._fetched)
        if not self.samples:
            raise WorkshopError("no answer of the platform is at hand: choose a case, or paste one")
        return answers_of_samples(self.samples, self.sample_user)

    def draft(self) -> str:
        """Return a first mapping from the pasted samples. Raises SampleError."""
        if not self.samples:
            raise SampleError("paste an answer of the platform first")
        drafted, _ = draft_given(self._given, self.sample_user, name_platform(self.mapping))
        return drafted.text

    # --- runs -----------------------------------------------------------------------------------

    def check(self, text: str) -> Sequence[Finding]:
        """Return what `check` finds in *text*."""
        found = self.text_of(text).check(self._checking)
        # That a variable is not set on this desk is nothing about the text.
        return [finding for finding in found if finding.code != UNSET]

    def run(self, text: str, chosen: ChosenSource) -> tuple[int, StudioRun]:
        """Run *text* on the chosen answers, and keep the run under its number.

        Raises MappingError, UsageError.
        """
        source = self._find_source(chosen)
        environment = self._checking if source.is_real else self._offline
        run = run_mapping(self.text_of(text), source, environment)
        self._number += 1
        self._runs[self._number] = run
        self._runs.pop(self._number - MOST_RUNS, None)
        return self._number, run

    def find_run(self, number: int) -> StudioRun:
        """Return the run of that *number*. Raises WorkshopError if it is gone."""
        if number not in self._runs:
            raise WorkshopError("that run is gone: the mapping has changed since")
        return self._runs[number]

    def find_last_run(self) -> StudioRun | None:
        """Return the last run that came to something."""
        return self._runs[max(self._runs)] if self._runs else None

    def masker(self, run: StudioRun, *, personal: bool) -> Masker:
        """Return the masks of a run; *personal*: personal data is shown, and credentials never are."""
        answered = run.answer_run
        if run.answers_key not in self._personal:
            self._personal = {run.answers_key: find_personal_data(answered)}
        known = self._personal[run.answers_key]
        return Masker(answered, show_personal=personal, personal=known)

    def view(self, run: StudioRun, *, personal: bool) -> RunView:
        """Return how *run* is shown."""
        return RunView(run, self.masker(run, personal=personal))

    # --- repairs and views ----------------------------------------------------------------------

    def find_repairs(self, text: str, reason: str, line: int) -> list[FindingRepair]:
        """Return the repairs of what `check` finds, and of a key that the data does not have."""
        found = find_repairs(text, self.check(text), self.check)
        place = Place(str(self.mapping), line, 1) if line else None
        return [*found, *find_data_repairs(text, reason, place)]

    def make_sheet(self, text: str) -> None:
        """Make the contract sheet of *text*. Raises MappingError."""
        bridge, _ = self.text_of(text).compile(self._offline)
        self.sheet = as_html(sheet_of(bridge.spec, text.encode(), self.mapping.name))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
