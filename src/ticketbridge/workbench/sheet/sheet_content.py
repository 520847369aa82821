"""The promises of a mapping, as a page that both companies can read and sign."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ticketbridge import __version__
from ticketbridge.engine.problems import list_problems
from ticketbridge.mapping.spec import (
    CallSpec,
    EntrySpec,
    ExpressionSpec,
    MappingSpec,
    ResultSpec,
    StatusRange,
    StatusTableSpec,
    TemplateSpec,
)
from ticketbridge.workbench.cases.case_spec import name_target
from ticketbridge.workbench.draft.credentials import is_credential
from ticketbridge.workbench.page import (
    Block,
    Cell,
    Heading,
    Mono,
    Page,
    Words,
    join_words,
    paragraph,
    table,
)
from ticketbridge.workbench.sheet.expression_words import condition_in_words, in_words
from ticketbridge.workbench.sheet.sheet_fields import say_fields, say_left_out

_USERS: Final[Mapping[str, str]] = {
    "email": "an e-mail address",
    "phone": "a phone number",
    "any": "a text by which the platform knows its users",
}


def sheet_of(spec: MappingSpec, content: bytes, file: str) -> Page:
    """Return the page of the mapping *spec*, which was read from *content*, the bytes of *file*."""
    return [
        *_head(spec, content, file),
        *_access(spec),
        *_sources(spec),
        *_special_answers(spec),
        *_owner(spec),
        *_states(spec),
        *_reasons(spec),
        *_marks(spec),
        *say_fields(spec),
        *say_left_out(spec),
        *_rules(spec),
        *_limits(spec),
        *_errors(),
        *_signatures(),
    ]


def _head(spec: MappingSpec, content: bytes, file: str) -> Iterator[Block]:
    yield Heading(f"{spec.title or spec.platform}: tickets for resale", 1)
    yield paragraph(
        "This page says what menta tech is answered when it asks which valid tickets a user of ",
        Mono(spec.platform),
        " owns, and where each part of the answer comes from. ",
        f"It was made by ticketbridge {__version__} from the file ",
        Mono(file),
        ", and says the same as that file.",
    )
    digest = hashlib.sha256(content).hexdigest()
    yield paragraph("SHA-256 of the file (", Mono(f"sha256sum {file}"), "): ", Mono(digest), ".")


# --- the call -------------------------------------------------------------------------------------


def _access(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("How it is asked")
    endpoint = spec.endpoint
    path = endpoint.path or "/tickets"
    several = (
        ""
        if endpoint.path
        else f", or at /{spec.platform}{path} where several platforms are served"
    )
    yield paragraph(
        Mono(f"GET {path}?{endpoint.user_parameter}=…"),
        f"{several}. The user is {_USERS[endpoint.user_format]}. Only GET and HEAD are answered.",
    )
    access = endpoint.access
    if access.is_open:
        yield paragraph("Whoever reaches the service may ask: it has neither a secret nor a list.")
    if access.secrets:
        yield paragraph(
            "The caller sends a secret in the header ",
            Mono(access.secret_header or ""),
            ". It is agreed apart from this page. A call without it is refused.",
        )
    if access.allow:
        nets = join_words([(Mono(str(net)),) for net in access.allow], ", ")
        yield paragraph("Only these addresses may ask: ", *nets, ".")


def _sources(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("Where the data comes from")
    yield paragraph(
        "For each question the platform is asked anew, and nothing is kept afterwards. ",
        "These steps lead from the user to one ticket; the names on the left are used below.",
    )
    yield table(("name", "what it is", "call"), [_source(entry) for entry in spec.source])


_MEANS: Final[Mapping[str, str]] = {
    "ok": "it is read as usual",
    "empty": "the user owns nothing",
    "unknown_user": "the platform does not know the user, who owns nothing",
    "none": "there is nothing for this one",
    "last": "there are no more pages",
    "fail": "it is an error",
    "retry": "it is asked again",
    "poll": "it is not ready, and asked for again",
    "reauthenticate": "the platform wants a new login",
}


def _special_answers(spec: MappingSpec) -> Iterator[Block]:
    rows: list[Sequence[Cell]] = []
    for entry in spec.source:
        for rule in entry.responses if isinstance(entry, CallSpec) else ():
            parts: list[Words] = []
            if rule.status is not None:
                parts.append((f"the status is {', '.join(map(_status, rule.status))}",))
            if rule.when is not None:
                parts.append(condition_in_words(rule.when.text))
            when = join_words(parts, " and ")
            means = _MEANS.get(rule.then, rule.then)
            rows.append((Mono(entry.name), when or "always", means))
    if rows:
        yield paragraph("Some answers of the platform have a meaning of their own:")
        yield table(("of", "when", "means"), rows)


def _status(each: StatusRange) -> str:
    return str(each.first) if each.first == each.last else f"{each.first} to {each.last}"


def _source(entry: EntrySpec) -> Sequence[Cell]:
    if not isinstance(entry, CallSpec):
        whole = in_words(entry.expression.text)
        what = _each(whole) if entry.kind == "each" else whole
        return Mono(entry.name), what, "none"
    request = entry.request
    query = [
        f"{name}={_hidden(name, _template(each))}"
        for name, values in request.query.items()
        for each in values
    ]
    target = _template(request.path) + ("?" + "&".join(query) if query else "")
    call: Words = (Mono(f"{request.method} {name_target(target, entry.host)}"),)
    if entry.condition is not None:
        call = (*call, " only if ", *condition_in_words(entry.condition.text))
    if request.body is not None:
        call = (*call, " with a body")
    if entry.pages is not None:
        call = (*call, ", all pages")
    return Mono(entry.name), _result(entry.result), call


def _hidden(name: str, text: str) -> str:
    """Return *text*, or a mask if it is a credential in clear text."""
    return "…" if is_credential(name, text) else text


def _result(result: ResultSpec) -> Words:
    made = in_words("body" if result.expression is None else result.expression.text)
    return (
        _each(made)
        if result.kind == "each"
        else ("all of ", *made)
        if result.kind == "collect"
        else made
    )


def _each(entries: Words) -> Words:
    """Say that a name stands for each of *entries* in turn."""
    lead = entries[0]
    if isinstance(lead, str) and lead.startswith("worked out"):
        return ("one after the other, ", *entries)
    if isinstance(lead, str) and lead.startswith("the entries of "):
        return (lead.replace("the entries of ", "each entry of ", 1), *entries[1:])
    if "the entries of " in entries:
        return ("each ", *entries)
    return ("each entry of ", *entries)


def _template(spec: TemplateSpec) -> str:
    """Return the text of a request: holes as `{rule}`; values of variables are not shown."""
    return "".join(
        part
        if isinstance(part, str)
        else f"{{{part.text}}}"
        if isinstance(part, ExpressionSpec)
        else "…"
        for part in spec.parts
    )


# --- whose and which ------------------------------------------------------------------------------


def _owner(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("Whose tickets")
    owner = spec.ticket.owner
    if owner is None:
        yield paragraph(
            "The platform itself is trusted to give the asked user's tickets alone: ",
            "its answer does not name an owner that could be compared.",
        )
        return
    yield paragraph(
        "A ticket is the user's if ",
        *in_words(owner.text),
        " is the asked user, letter by letter (capitals and small letters of A to Z are the same). ",
        "All other people's tickets are left out.",
    )


def _states(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("Which tickets are valid")
    tables = spec.ticket.statuses
    if not tables:
        yield paragraph("All tickets that the platform gives count as valid.")
        return
    for number, each in enumerate(tables, 1):
        yield from _state(each, number if len(tables) > 1 else 0)
    unknown = (
        "fails the whole answer" if spec.ticket.on_violation == "fail" else "leaves the ticket out"
    )
    told = " The first table that does not say valid decides." if len(tables) > 1 else ""
    yield paragraph(f"Any other word, or none, {unknown}: unknown never counts as valid.{told}")


def _marks(spec: MappingSpec) -> Iterator[Block]:
    if spec.ticket.ineligible == "mark":
        yield paragraph(
            "A ticket that is not valid is returned too. ",
            "Its status says why: the word of the table, or the reason in capitals.",
        )


def _state(spec: StatusTableSpec, number: int) -> Iterator[Block]:
    lead = f"{number}. By " if number else "By "
    yield paragraph(lead, *in_words(spec.source.text), ":")
    rows = [
        (
            Mono(word),
            Mono(str(const.value)),
            "valid" if const.value == "VALID" else "not for resale",
        )
        for word, const in spec.values.items()
    ]
    yield table(("the platform says", "means", "so the ticket is"), rows)


def _reasons(spec: MappingSpec) -> Iterator[Block]:
    reasons = spec.ticket.not_eligible_when
    if not reasons:
        return
    yield Heading("Further reasons against a ticket")
    rows = [
        (Mono(each.name), condition_in_words(each.expression.text), Mono(each.expression.text))
        for each in reasons
    ]
    yield table(("reason", "a ticket is not for resale when", "rule"), rows)


# --- rules, limits, errors ------------------------------------------------------------------------


def _rules(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("What an answer means")
    response, ticket = spec.response, spec.ticket
    empty = "204, without a body" if response.when_empty == 204 else "200 and an empty list"
    unknown = "404" if response.when_unknown_user == 404 else "the same as for no tickets"
    fails = (
        "the whole answer is an error, never a shorter list"
        if ticket.on_violation == "fail"
        else "that ticket is left out; if no ticket is left then, the answer is an error"
    )
    rows = [
        ("the user owns tickets", "200 and the list of them"),
        ("the platform says that the user owns none", empty),
        ("the platform does not know the user", unknown),
        ("a ticket cannot be read or breaks the contract", fails),
        ("the platform cannot be asked, or fails", "an error, never an empty list"),
    ]
    yield table(("when", "the answer is"), rows)
    if response.schema is not None:
        yield paragraph(
            "The body has a shape of its own agreement, made by the rule ",
            Mono(response.body.text),
            ".",
        )
    yield paragraph(
        "Each answer is made from the platform's data of that moment and says ",
        Mono("Cache-Control: no-store"),
        ".",
    )


def _limits(spec: MappingSpec) -> Iterator[Block]:
    upstream = spec.upstream
    yield Heading("Limits")
    rows = [
        ("time for a whole answer", f"{upstream.timeout:g} s"),
        ("tries of one call after the first", str(upstream.retries)),
        ("calls to the platform at a time", str(upstream.concurrency)),
        ("calls for one answer", f"{upstream.max_calls:,}"),
        *(
            [(f"calls to the platform in {upstream.rate.seconds:g} s", f"{upstream.rate.calls:,}")]
            if upstream.rate
            else []
        ),
        ("pages of one call", f"{upstream.max_pages:,}"),
        ("records looked at for one answer", f"{upstream.max_records:,}"),
        ("size of one answer of the platform", f"{upstream.max_body / 1_000_000:g} MB"),
        (
            "pause after failures of the platform",
            f"{upstream.breaker.open:g} s after {upstream.breaker.failures} in a row",
        ),
    ]
    yield table(("limit", "value"), rows)
    yield paragraph("An answer that would pass a limit is an error, never a shorter list.")


def _errors() -> Iterator[Block]:
    yield Heading("Errors")
    rows = [
        (str(kind.status), Mono(kind.slug), kind.title, "yes" if kind.retryable else "no")
        for kind in sorted(list_problems(), key=lambda kind: (kind.status, kind.slug))
    ]
    yield table(("status", "name", "meaning", "try again"), rows)
    yield paragraph("Errors are documents of RFC 9457 (", Mono("application/problem+json"), ").")


def _signatures() -> Iterator[Block]:
    yield Heading("Agreed")
    rows = [(who, "", "", "") for who in ("the platform", "menta tech")]
    yield table(("for", "name", "date", "signature"), rows, to_sign=True)
