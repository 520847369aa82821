"""A drafted mapping as YAML, with the reason of each guess behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ticketbridge.contract.marks import VALID
from ticketbridge.mapping.spec import CsvFormatSpec, NdjsonFormatSpec
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.cases.value_text import write_flow, write_scalar
from ticketbridge.workbench.draft.candidates import Condition, Guess
from ticketbridge.workbench.draft.entries import (
    DraftCall,
    DraftEntry,
    DraftRule,
    Hole,
    Part,
    UserInside,
    Variable,
)
from ticketbridge.workbench.draft.page_guesses import DraftPages
from ticketbridge.workbench.draft.sent_bodies import (
    double_braces,
    fill_body,
    is_form,
    is_in_body,
    read_sent,
)
from ticketbridge.workbench.draft.status_tables import TableGuess

Fields = Mapping[str, "Guess | Fields"]
"""The guess of each field, in objects as deep as those of a ticket."""

_COLUMN = 52
_VERSION = re.compile(r"v[0-9.]+")
_QUOTED = set(":#{}[]&*!|>%@,`\"'")


@dataclass(frozen=True, slots=True)
class DraftParts:
    """All that a mapping is written from; *pages* are those of calls, by the names of entries.

    *omits*: it is written only to see what its fields give. *unjudged* are values that say yes or no to a
    question that is not known.
    """

    platform: str
    auth: Sequence[str]
    entries: Sequence[DraftEntry]
    pages: Mapping[str, DraftPages]
    owner: Guess
    tables: Sequence[TableGuess]
    conditions: Sequence[Condition]
    fields: Fields
    notes: Sequence[str]
    unjudged: Sequence[str]
    omits: bool = False


def write_mapping(parts: DraftParts) -> str:
    """Return the mapping as YAML."""
    lines = [
        *_write_head(parts),
        "",
        "source:",
        *_write_source(parts),
        "",
        "ticket:",
        *_write_ticket(parts),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def make_variable_prefix(platform: str) -> str:
    """Return how the variables of a platform begin."""
    prefix = platform.upper().replace("-", "_")
    return prefix if prefix[0].isalpha() else f"P_{prefix}"


def write_expression(text: str) -> str:
    """Return an expression as a YAML value, quoted if it must be."""
    plain = (
        text
        and text[0] not in _QUOTED
        and ": " not in text
        and " #" not in text
        and text.strip() == text
    )
    return text if plain else write_scalar(text)


def _write_head(parts: DraftParts) -> Iterator[str]:
    yield "# Drafted from samples. Each guess says how sure it is, and why: sure, likely, unsure, or TODO."
    yield "# `ticketbridge check` points at what is TODO; the cases beside it show what comes out."
    yield from (f"# {note}" for note in parts.notes)
    yield "version: 1"
    yield f"platform: {parts.platform}"
    yield ""
    yield "endpoint:"
    yield '  access: {secret_header: X-Menta-Secret, secrets: ["${MENTA_SECRET}"]}'
    yield ""
    yield "upstream:"
    below = next((pages.base_path for pages in parts.pages.values() if pages.base_path), "")
    base = f"  base_url: ${{{make_variable_prefix(parts.platform)}_API}}{below}"
    yield _add_comment(base, "# likely: by the next page's URL" if below else "")
    yield from (f"  {line}" for line in parts.auth)


# --- source ---------------------------------------------------------------------------------------


def _write_source(parts: DraftParts) -> Iterator[str]:
    for entry in parts.entries:
        yield f"  - name: {entry.name}"
        if entry.only_if:
            condition = f"    if: {write_expression(f'length({entry.only_if}) > `0`')}"
            yield _add_comment(
                condition, "# unsure: only of these is there an answer in the samples"
            )
        if entry.call is not None:
            yield from _write_call(entry.call, parts.pages.get(entry.name))
        yield from _write_rules(entry.rules)
        comment = f"# {entry.why}" if entry.why else ""
        yield _add_comment(f"    {entry.kind}: {write_expression(entry.text)}", comment)


def _write_rules(rules: Sequence[DraftRule]) -> Iterator[str]:
    """Yield `responses`: one rule on the same line, several on a line each."""
    texts = [
        (write_flow({"when": rule.when, "then": rule.then}), f"# {rule.why}") for rule in rules
    ]
    if len(texts) == 1:
        yield _add_comment(f"    responses: [{texts[0][0]}]", texts[0][1])
    elif texts:
        yield "    responses:"
        yield from (_add_comment(f"      - {text}", why) for text, why in texts)


def _write_call(call: DraftCall, pages: DraftPages | None) -> Iterator[str]:
    if call.segments is None:
        yield _add_comment('    get: "/{TODO}"', "# TODO: the path of this call, below base_url")
        yield _add_comment(
            '    query: {email: "{user}"}', "# unsure: how the platform is told who asks"
        )
    else:
        path = "/" + "/".join(map(_write_part, call.segments))
        yield _add_comment(
            f"    {call.method}: {write_scalar(path)}", _explain_holes(call.segments, fixed=True)
        )
    every = {name: _write_part(part) for name, part in call.query.items()}
    every |= dict(pages.query) if pages else {}
    placed = {name: text for name, text in every.items() if not is_in_body(name)}
    if placed:
        parts = [part for name, part in call.query.items() if not is_in_body(name)]
        yield _add_comment(f"    query: {write_flow(placed)}", _explain_holes(parts))
    yield from _write_sent(call, {name: text for name, text in every.items() if is_in_body(name)})
    first = call.group.documents[0]
    if first.is_xml:
        lists = ", ".join(first.lists)
        yield _add_comment(
            f"    format: {{xml: {{lists: [{lists}]}}}}",
            "# by what comes more than once, or in its plural",
        )
    if isinstance(first.form, CsvFormatSpec):
        yield f"    format: {{csv: {write_flow(_describe_csv(first.form))}}}"
    elif isinstance(first.form, NdjsonFormatSpec):
        yield "    format: ndjson"
    if pages:
        yield "    pages:"
        for key, guess in pages.keys.items():
            text = guess.text if guess.text.startswith("{") else write_expression(guess.text)
            yield _add_comment(f"      {key}: {text}", f"# {guess.comment}")


def _describe_csv(form: CsvFormatSpec) -> Mapping[str, Any]:
    """Return the keys of *form* that differ from their defaults."""
    described: dict[str, Any] = {"columns": list(form.columns)}
    if form.delimiter != ",":
        described["delimiter"] = form.delimiter
    if form.charset != "utf-8":
        described["charset"] = form.charset
    if form.any_end:
        described["any_end"] = True
    return described


def _write_sent(call: DraftCall, placed: Mapping[str, str]) -> Iterator[str]:
    """Yield the fullest body of a POST; a value that nothing fills is as it is in the samples."""
    fullest = max(call.group.documents, key=lambda document: len(document.asked.query))
    sent, asked = fullest.sample.sent, fullest.asked.query
    if not sent or call.method == "get":
        return
    fixed = {name for name, part in call.query.items() if [part] == asked.get(name)}
    filled = {name: text for name, text in placed.items() if name not in fixed}
    kind = "form" if is_form(sent) else "json"
    parts = [part for name, part in call.query.items() if is_in_body(name)]
    body = fill_body(read_sent(sent), filled)
    yield _add_comment(f"    {kind}: {write_flow(body)}", _explain_holes(parts))


def _write_part(part: Part) -> str:
    if isinstance(part, Variable):
        return part.text
    if isinstance(part, Hole):
        return f"{{{part.text}}}"
    if isinstance(part, UserInside):
        return f"{double_braces(part.before)}{{{part.text}}}{double_braces(part.after)}"
    return double_braces(part)


def _explain_holes(parts: Sequence[Part], *, fixed: bool = False) -> str:
    """Return a comment that explains the holes.

    *fixed*: it also asks about texts that may be the id of one customer.
    """
    holes = [part for part in parts if isinstance(part, Hole | UserInside)]
    reasons = dict.fromkeys(f"`{hole.text}`: {hole.why}" for hole in holes)
    reasons |= dict.fromkeys(
        f"`{p.text}`: unsure: by its name, look or place, a credential or a key"
        for p in parts
        if isinstance(p, Variable)
    )
    if fixed:
        reasons |= dict.fromkeys(
            f"unsure: is `{p}` the same for every user?"
            for p in parts
            if isinstance(p, str) and re.search("[0-9]", p) and not _VERSION.fullmatch(p)
        )
    return f"# {'; '.join(reasons)}" if reasons else ""


# --- ticket ---------------------------------------------------------------------------------------


def _write_ticket(parts: DraftParts) -> Iterator[str]:
    yield _write_guess("  ", "owner", parts.owner)
    yield from _write_statuses(parts.tables, omits=parts.omits)
    if parts.conditions:
        yield "  not_eligible_when:"
        for condition in parts.conditions:
            yield _write_guess("    ", condition.name, condition.guess)
    if parts.unjudged and not parts.omits:
        listed = ", ".join(f"`{text}`" for text in parts.unjudged)
        yield f"  # unsure: not judged here: {listed}; does one of them make a ticket not eligible?"
    yield "  fields:"
    yield from _write_fields(parts.fields, "    ")
    if parts.omits:
        yield "  on_violation: omit"


def _write_statuses(tables: Sequence[TableGuess], *, omits: bool) -> Iterator[str]:
    if not tables and omits:
        yield "  status: {const: VALID}"
    elif not tables:
        yield _add_comment("  status:", "# TODO: no value looks like a status word")
        yield f"    from: {TODO}"
        yield f"    values: {{{TODO}: VALID}}"
    else:
        yield from _write_tables(tables)


def _write_tables(tables: Sequence[TableGuess]) -> Iterator[str]:
    yield "  status:"
    indent, first = ("      ", "    - ") if len(tables) > 1 else ("    ", "    ")
    for table in tables:
        yield _write_guess(first, "from", table.guess)
        open_ = "# TODO: which word means that the ticket is valid?" if table.is_open else ""
        yield _add_comment(f"{indent}values:{'' if table.known else ' {}'}", open_)
        for word, meant in table.known.items():
            why = f"unsure: {table.valid}" if meant == VALID else f"likely: the word `{word}`"
            yield _add_comment(f"{indent}  {write_scalar(word)}: {meant}", f"# {why}")
        for word in table.unknown:
            yield f"{indent}  # TODO: {write_scalar(word)}: what does it mean? Unlisted, it fails the answer."


def _write_fields(fields: Fields, indent: str) -> Iterator[str]:
    for name, made in fields.items():
        if isinstance(made, Guess):
            yield _write_guess(indent, name, made)
        else:
            yield f"{indent}{name}:"
            yield from _write_fields(made, f"{indent}  ")


def _write_guess(indent: str, name: str, guess: Guess) -> str:
    return _add_comment(f"{indent}{name}: {write_expression(guess.text)}", f"# {guess.comment}")


def _add_comment(line: str, comment: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in comment)
    return f"{line.ljust(_COLUMN)}  {shown}" if comment else line
