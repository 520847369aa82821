"""What is wrong or doubtful in files, as far as it can be known without a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ticketbridge.authoring.cases import CasesError, CasesSpec, cases_file, parse_cases, read_cases
from ticketbridge.authoring.check.markdown import Block, blocks
from ticketbridge.authoring.check.silenced import without_silenced
from ticketbridge.authoring.check.wakes import certain, without_wakes
from ticketbridge.authoring.lint import lint
from ticketbridge.authoring.lint.secrets import looks_of_secrets
from ticketbridge.bridge import compile_findings
from ticketbridge.catalog import is_cases, mapping_beside, mapping_files, not_there
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import Finding, MappingError, Place
from ticketbridge.mapping.loader import draft_mapping, read_text

_MARKDOWN = (".md", ".markdown")
_UNSET = "TB021"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: *mappings* is how many were looked at."""

    findings: Sequence[Finding]
    mappings: int


def check_paths(paths: Iterable[Path], environment: Environment) -> Checked:
    """All that is wrong or doubtful at *paths*; raises NoMappings where there is nothing to check.

    A folder is its mappings, their cases and its Markdown files; a mapping includes its cases. Of a
    Markdown file the mappings and cases in its YAML fences are checked.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    findings: list[Finding] = []
    mappings = 0
    for file in files:
        if file.suffix in _MARKDOWN:
            found, wrong = _blocks(file)
            mappings += sum(not block.is_cases for block in found)
            findings += [*wrong, *(f for block in found for f in _check_block(block, file))]
        elif is_cases(file):
            findings += _check_cases(file)
        else:
            mappings += 1
            findings += _check_mapping(file, environment)
    return Checked(findings, mappings)


def check_files(files: Iterable[Path], environment: Environment) -> list[Finding]:
    """The findings of mapping *files*, each file's in its order, without their cases."""
    return [finding for file in files for finding in _check_mapping(file, environment)]


def check_text(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> Sequence[Finding]:
    """All that is wrong or doubtful in the mapping *text*, in its order.

    *file* names it; raises MappingError where it is no text of a mapping at all.
    """
    draft = draft_mapping(text, file=file, environment=environment, folder=folder)
    compiled = () if () in draft.broken else compile_findings(draft.spec)
    wrong = [*draft.findings, *without_wakes(compiled, draft)]
    doubts = [*certain(lint(draft.spec), wrong), *_looks_of_secrets(text, file, wrong)]
    return _in_order(without_silenced({*wrong, *doubts}, text))


# --- which files ----------------------------------------------------------------------------------


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield from _of_file(path)
        return
    inside = sorted(path.iterdir())
    found = [file for file in inside if file.suffix in _MARKDOWN and any(_blocks(file))]
    found += [file for file in inside if is_cases(file)]
    if not found or any(file.suffix in {".yaml", ".yml"} and not is_cases(file) for file in inside):
        yield from mapping_files([path])
    yield from found


def _of_file(path: Path) -> Iterator[Path]:
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
    text = file.read_text("utf-8-sig")
    return _in_order([*alone, *looks_of_secrets(text, str(file)), *_secrets_in_answers(cases)])


def _secrets_in_answers(cases: CasesSpec) -> Iterator[Finding]:
    """The credentials in the files of the platform's answers, each file's once."""
    answers = {a.file: a for case in cases.cases for a in case.answers if a.file is not None}
    for file, answer in answers.items():
        # Enough of any encoding: credentials are ASCII, of which UTF-16 is each second byte.
        text = answer.content.replace(b"\0", b"").decode("utf-8", "replace")
        yield from looks_of_secrets(text, str(file))


def _blocks(file: Path) -> tuple[Sequence[Block], Sequence[Finding]]:
    """The mappings and cases of a Markdown file, or why it cannot be read."""
    try:
        return list(blocks(read_text(file))), ()
    except MappingError as error:
        return (), error.findings


def _check_block(block: Block, file: Path) -> Sequence[Finding]:
    """The findings of a part of a Markdown file; a variable that is not set is none: nobody serves it."""
    try:
        if block.is_cases:
            cases = parse_cases(block.text, file=str(file), folder=file.parent)
            looks = looks_of_secrets(block.text, str(file))
            return _in_order([*looks, *_secrets_in_answers(cases)])
        found = check_text(
            block.text,
            file=str(file),
            environment=Environment({}, missing="placeholder"),
            folder=file.parent,
        )
    except MappingError as error:
        return error.findings
    return [finding for finding in found if finding.code != _UNSET]


def _looks_of_secrets(text: str, file: str, known: Iterable[Finding]) -> Iterator[Finding]:
    """The credentials that are not known yet by the key that they stand under."""
    lines = {finding.place.line for finding in known if finding.code == "TB053"}
    return (f for f in looks_of_secrets(text, file) if f.place.line not in lines)


def _in_order(findings: Iterable[Finding]) -> Sequence[Finding]:
    return sorted(findings, key=lambda f: (f.place, f.severity, f.code, f.message))
