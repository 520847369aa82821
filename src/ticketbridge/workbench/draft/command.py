"""`ticketbridge draft`: arguments to texts, and texts to files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ticketbridge.mapping.findings import MappingError, Report
from ticketbridge.mapping.spec import JSON_FORMAT
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.terminal import counted
from ticketbridge.workbench.cases.runner import cases_file
from ticketbridge.workbench.draft.candidates import Guess, Sureness
from ticketbridge.workbench.draft.curl_commands import is_curl, read_curl
from ticketbridge.workbench.draft.documents import Document, read_documents, read_sample_values
from ticketbridge.workbench.draft.draft_writing import Fields, make_variable_prefix
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
from ticketbridge.workbench.draft.first_case import write_first_case
from ticketbridge.workbench.draft.har_samples import is_har, read_har
from ticketbridge.workbench.draft.openapi_samples import is_openapi, make_openapi_sample
from ticketbridge.workbench.draft.sample_requests import GivenAnswer, find_request_auth
from ticketbridge.workbench.personal.standins import SOMEONE
from ticketbridge.workbench.samples import (
    Sample,
    SampleError,
    make_sample,
    read_content,
    read_target,
    split_argument,
)

_SURE: Sequence[Sureness] = ("sure", "likely", "unsure", "TODO")


@dataclass(frozen=True, slots=True)
class DraftFiles:
    """A drafted mapping, its first cases ("" if no real answer was seen), and a summary."""

    mapping: str
    cases: str
    summary: str


def make_draft(arguments: Sequence[str], user: str | None, platform: str) -> DraftFiles:
    """Return the drafts for samples named as on the command line. Raises SampleError."""
    given = [each for argument in arguments for each in _read_argument(argument, user)]
    drafted, documents = draft_given(given, user, platform)
    cases = write_first_case(drafted, documents, user) if documents else ""
    return DraftFiles(drafted.text, cases, _summarize(drafted, documents))


def read_given(asked: str, file: str, content: bytes, user: str | None) -> Sequence[GivenAnswer]:
    """Return the answers in *content*, which came of *asked*: see `samples`, or a curl command.

    A HAR file holds several. *user* says which of them count. Raises SampleError, which names *file*.
    """
    if is_curl(asked):
        request = read_curl(asked)
        return [GivenAnswer(Sample(read_target(request.url), file, content, request.sent), request)]
    sample = make_sample(asked, file, content)
    value = read_sample_values(sample, JSON_FORMAT)
    return read_har(value, file, user) if is_har(value) else [GivenAnswer(sample)]


def draft_given(
    given: Sequence[GivenAnswer], user: str | None, platform: str
) -> tuple[MappingDraft, Sequence[Document]]:
    """Return the draft and the documents that it is made from, none if it is OpenAPI. Raises SampleError."""
    samples = [each.sample for each in given]
    openapi = [s for s in samples if is_openapi(read_sample_values(s, JSON_FORMAT))]
    if openapi and len(samples) > 1:
        raise SampleError(
            f"{openapi[0].file}: an OpenAPI file comes alone: give no other sample with it"
        )
    if openapi:
        return _draft_from_openapi(openapi[0], user, platform), ()
    documents = read_documents(samples)
    requests = [each.request for each in given if each.request is not None]
    found = find_request_auth(requests, make_variable_prefix(platform))
    return make_mapping_draft(
        documents, platform, user, auth=found.lines, secrets=found.secrets
    ), documents


def write_files(files: DraftFiles, target: Path) -> list[Path]:
    """Write the mapping to *target*, its cases beside it, and return both paths.

    Raises SampleError if one of them exists already.
    """
    texts = {target: files.mapping, **({cases_file(target): files.cases} if files.cases else {})}
    for path in texts:
        if path.exists():
            raise SampleError(f"{path} is there already: a draft replaces nothing")
    for path, text in texts.items():
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise SampleError(f"{path} cannot be written: {error.strerror}") from None
    return list(texts)


def name_platform(target: Path | None) -> str:
    """Return the platform's name, made from the name of the mapping's file."""
    name = re.sub(r"[^a-z0-9_-]", "-", (target.stem if target else "").lower()).strip("-")
    return name or "platform"


def _draft_from_openapi(sample: Sample, user: str | None, platform: str) -> MappingDraft:
    asked, spec = user or SOMEONE, read_sample_values(sample, JSON_FORMAT)
    found = make_openapi_sample(spec, sample.file, asked, make_variable_prefix(platform))
    return make_mapping_draft([found.document], platform, asked, auth=found.auth, notes=found.notes)


def _read_argument(argument: str, user: str | None) -> Sequence[GivenAnswer]:
    """Return answers. YAML is read too, since OpenAPI files are written in it. Raises SampleError."""
    if Path(argument).suffix not in {".yaml", ".yml"}:
        asked, file = split_argument(argument)
        return read_given(asked, file, read_content(file, asked), user)
    report = Report()
    try:
        text = Path(argument).read_text("utf-8")
        value = read_yaml(text, argument, report).plain()
        report.raise_errors()
    except MappingError as error:
        raise SampleError(str(error)) from None
    except (OSError, ValueError) as error:
        raise SampleError(f"{argument}: the file cannot be read: {error}") from None
    if not is_openapi(value):
        raise SampleError(f"{argument}: a YAML file is read for OpenAPI, and this is none")
    return [GivenAnswer(Sample("", argument, msgspec.json.encode(value)))]


def _summarize(drafted: MappingDraft, documents: Sequence[Document]) -> str:
    counts = Counter(guess.sure for guess in _list_guesses(drafted))
    listed = ", ".join(f"{counts[sure]} {sure}" for sure in _SURE if counts[sure])
    records = counted(len(drafted.plan.scopes), "record")
    seen = f"{records} in {counted(len(documents), 'sample')}" if documents else "no real answer"
    return f"{sum(counts.values())} guesses from {seen}: {listed}"


def _list_guesses(drafted: MappingDraft) -> Iterator[Guess]:
    parts = drafted.parts
    yield parts.owner
    yield from (table.guess for table in parts.tables)
    yield from (condition.guess for condition in parts.conditions)
    yield from (guess for pages in parts.pages.values() for guess in pages.keys.values())
    yield from _list_nested(parts.fields)


def _list_nested(fields: Fields) -> Iterator[Guess]:
    for made in fields.values():
        yield from [made] if isinstance(made, Guess) else _list_nested(made)
