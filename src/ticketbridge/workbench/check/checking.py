"""Find what is wrong or doubtful in files, as far as it can be known without a call.

A doubt is a shape that is legal, but often not meant. Each rule in `DOUBT_RULES` takes the whole mapping and
gives its warnings; no warning stops a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ticketbridge.engine.bridge import compile_findings
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import Finding, MappingError, Place
from ticketbridge.mapping.loader import draft_mapping, read_text
from ticketbridge.mapping.spec import MappingSpec
from ticketbridge.service.catalog import is_cases, mapping_beside, mapping_files, not_there
from ticketbridge.workbench.cases.case_spec import CasesSpec
from ticketbridge.workbench.cases.reader import CasesError, parse_cases, read_cases
from ticketbridge.workbench.cases.runner import cases_file
from ticketbridge.workbench.check import (
    call_load,
    lint_expressions,
    lint_logins,
    lint_rules,
    lint_source,
    lint_ticket,
)
from ticketbridge.workbench.check.call_load import describe_load
from ticketbridge.workbench.check.secrets import find_secret_looks
from ticketbridge.workbench.check.unreported import (
    drop_dependent_doubts,
    drop_follow_ons,
    drop_silenced,
)
from ticketbridge.workbench.markdown import Block, find_blocks

_MARKDOWN = (".md", ".markdown")
_UNSET = "TB021"
_SHORTEST_ASKED = 8  # characters; what is shorter looks like no credential


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of a check; *mappings* is the number of checked mappings.

    *loads* are lines about the calls of the mappings without an error.
    """

    findings: Sequence[Finding]
    mappings: int
    loads: Sequence[str] = ()


def check_paths(paths: Iterable[Path], environment: Environment) -> CheckResult:
    """Return all that is wrong or doubtful at *paths*. Raises NoMappings if there is nothing to check.

    A folder stands for its mappings, their cases and its Markdown files; a mapping includes its cases. In a
    Markdown file, the mappings and cases in YAML fences are checked.
    """
    files = list(dict.fromkeys(file for path in paths for file in _list_files(path)))
    findings: list[Finding] = []
    loads: list[str] = []
    mappings = 0
    for file in files:
        if file.suffix in _MARKDOWN:
            blocks, wrong = _read_blocks(file)
            mappings += sum(not block.is_cases for block in blocks)
            findings += [*wrong, *(f for block in blocks for f in _check_block(block, file))]
        elif is_cases(file):
            findings += _check_cases(file)
        else:
            mappings += 1
            found = _check_mapping(file, environment)
            findings += found
            if not any(finding.severity == "error" for finding in found):
                loads += filter(None, [_describe_load(file, environment)])
    return CheckResult(findings, mappings, loads)


def check_files(files: Iterable[Path], environment: Environment) -> list[Finding]:
    """Return the findings of the mapping *files*, file by file, without their cases."""
    return [finding for file in files for finding in _check_mapping(file, environment)]


def check_text(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> Sequence[Finding]:
    """Return all that is wrong or doubtful in the mapping *text*, in its order.

    Raises MappingError if the text is not a mapping at all. *file* names it in findings.
    """
    draft = draft_mapping(text, file=file, environment=environment, folder=folder)
    compiled = () if () in draft.broken else compile_findings(draft.spec)
    wrong = [*draft.findings, *drop_follow_ons(compiled, draft)]
    doubts = [
        *drop_dependent_doubts(find_doubts(draft.spec), wrong),
        *_find_secrets(text, file, wrong),
    ]
    return _sort_findings(drop_silenced({*wrong, *doubts}, text))


# --- which files ----------------------------------------------------------------------------------


def _list_files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield from _list_files_of(path)
        return
    inside = sorted(path.iterdir())
    found = [file for file in inside if file.suffix in _MARKDOWN and any(_read_blocks(file))]
    found += [file for file in inside if is_cases(file)]
    if not found or any(file.suffix in {".yaml", ".yml"} and not is_cases(file) for file in inside):
        yield from mapping_files([path])
    yield from found


def _list_files_of(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise not_there(path)
    yield path
    if path.suffix not in _MARKDOWN and not is_cases(path) and cases_file(path).is_file():
        yield cases_file(path)


# --- one file -------------------------------------------------------------------------------------


def _check_mapping(file: Path, environment: Environment) -> Sequence[Finding]:
    try:
        text = read_text(file)
        return check_text(text, file=str(file), environment=environment, folder=file.parent)
    except MappingError as error:
        return error.findings


def _describe_load(file: Path, environment: Environment) -> str:
    draft = draft_mapping(
        read_text(file), file=str(file), environment=environment, folder=file.parent
    )
    return describe_load(draft.spec)


def _check_cases(file: Path) -> Sequence[Finding]:
    mapping = mapping_beside(file)
    alone = []
    if not mapping.is_file():
        message = f"there is no {mapping.name} beside it, so that nobody runs these cases"
        alone.append(
            Finding(Place(str(file), 1, 1), "error", "TB402", message, "rename one of them")
        )
    try:
        cases = read_cases(file)
    except CasesError as error:
        return [*alone, *error.findings]
    secrets = _find_secrets_in_cases(file.read_text("utf-8-sig"), cases, file)
    return _sort_findings([*alone, *secrets])


def _find_secrets_in_cases(text: str, cases: CasesSpec, file: Path) -> Iterator[Finding]:
    """Yield the credentials in *text*, which has these *cases*, and in the files of their answers."""
    yield from find_secret_looks(_blank_asked(text, cases), str(file))
    yield from _find_secrets_in_answers(cases)


def _blank_asked(text: str, cases: CasesSpec) -> str:
    """Return *text* without what requests must carry: a passing case made it from placeholders."""
    carried = [answer.carried for case in cases.cases for answer in case.answers]
    headers = (value for each in carried for value in each.headers.values())
    parameters = (value for each in carried for values in each.query.values() for value in values)
    for value in sorted({*headers, *parameters}, key=len, reverse=True):
        if len(value) >= _SHORTEST_ASKED:
            text = text.replace(value, " " * len(value))
    return text


def _find_secrets_in_answers(cases: CasesSpec) -> Iterator[Finding]:
    """Yield the credentials in the files with the platform's answers; each file is read once."""
    answers = {a.file: a for case in cases.cases for a in case.answers if a.file is not None}
    for file, answer in answers.items():
        # Enough of any encoding: credentials are ASCII, of which UTF-16 is each second byte.
        text = answer.content.replace(b"\0", b"").decode("utf-8", "replace")
        yield from find_secret_looks(text, str(file))


def _read_blocks(file: Path) -> tuple[Sequence[Block], Sequence[Finding]]:
    """Return the mappings and cases of a Markdown file, or why it cannot be read."""
    try:
        return list(find_blocks(read_text(file))), ()
    except MappingError as error:
        return (), error.findings


def _check_block(block: Block, file: Path) -> Sequence[Finding]:
    """Return the findings of a block of a Markdown file. A variable may be unset: nobody serves the block."""
    try:
        if block.is_cases:
            cases = parse_cases(block.text, file=str(file), folder=file.parent)
            return _sort_findings(_find_secrets_in_cases(block.text, cases, file))
        found = check_text(
            block.text,
            file=str(file),
            environment=Environment.offline(),
            folder=file.parent,
        )
    except MappingError as error:
        return error.findings
    return [finding for finding in found if finding.code != _UNSET]


def _find_secrets(text: str, file: str, known: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the credentials that were not yet found by their key."""
    lines = {finding.place.line for finding in known if finding.code == "TB053"}
    return (f for f in find_secret_looks(text, file) if f.place.line not in lines)


def _sort_findings(findings: Iterable[Finding]) -> Sequence[Finding]:
    return sorted(findings, key=lambda f: (f.place, f.severity, f.code, f.message))


# --- doubts ---------------------------------------------------------------------------------------


DoubtRule: TypeAlias = Callable[[MappingSpec], Iterator[Finding]]

DOUBT_RULES: tuple[DoubtRule, ...] = (
    lint_ticket.doubt_owner,
    lint_ticket.doubt_status_sources,
    lint_ticket.doubt_reasons,
    lint_ticket.doubt_tables,
    lint_ticket.doubt_prices,
    lint_source.doubt_unused_names,
    lint_source.doubt_unused_values,
    lint_source.doubt_ids,
    lint_source.doubt_hiding_filters,
    lint_source.doubt_source_truth_values,
    lint_source.doubt_missing_braces,
    lint_source.doubt_requests,
    lint_source.doubt_offsets,
    lint_expressions.doubt_habits,
    lint_source.doubt_absent_lists,
    lint_rules.doubt_dead_rules,
    lint_rules.doubt_unsaid_users,
    lint_rules.doubt_claims,
    call_load.doubt_rate,
    lint_logins.doubt_unplaced_tokens,
    lint_logins.doubt_rotation,
)


def find_doubts(spec: MappingSpec) -> Iterator[Finding]:
    """Yield the doubts about *spec*, which may have placeholders for its broken parts."""
    for rule in DOUBT_RULES:
        yield from rule(spec)
