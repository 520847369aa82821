"""What a mapping compiles to: its calls, its record program, and the body of its answers."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from ticketbridge.contract.marks import STATUS
from ticketbridge.engine.response import ResponsePlan
from ticketbridge.engine.tickets.program import Program
from ticketbridge.engine.tickets.steps import Level, RecordProgram, compile_program, marks_of
from ticketbridge.engine.upstream.calls import BindingPlan, CallPlan
from ticketbridge.engine.upstream.login import Login, compile_login
from ticketbridge.engine.upstream.pipeline import EntryPlan
from ticketbridge.engine.upstream.signing import Signer, compile_signer
from ticketbridge.engine.upstream.tls import compile_tls
from ticketbridge.mapping.quote_checks import check_quoting
from ticketbridge.mapping.spec import BindingSpec, EntrySpec, MappingSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler


@dataclass(frozen=True, slots=True)
class Parts:
    """The compiled parts of a mapping, before they are connected."""

    response: ResponsePlan
    entries: Sequence[EntryPlan]
    login: Login | None
    signer: Signer | None
    ticket: RecordProgram
    tls: ssl.SSLContext | None


def compile_parts(spec: MappingSpec, compiler: SpecCompiler) -> Parts:
    names = [entry.name for entry in spec.source]
    response = ResponsePlan(spec.response, spec.upstream, compiler)
    entries = [
        _compile_entry(entry, spec, names[:position], compiler)
        for position, entry in enumerate(spec.source)
    ]
    login = compile_login(spec.upstream, compiler)
    signer = compile_signer(spec.upstream.auth, compiler)
    _check_asking(spec, entries, login, compiler)
    check_quoting(spec, compiler)
    ticket = compile_program(spec.ticket, response.contract, names, compiler)
    response.check_fields([*(field.name for field in spec.ticket.fields.fields), STATUS], compiler)
    if marks_of(spec.ticket):
        response.check_marks(compiler)
    tls = compile_tls(spec.upstream.tls, compiler)
    return Parts(response, entries, login, signer, ticket, tls)


def split_entries(
    entries: Sequence[EntryPlan],
) -> tuple[Sequence[EntryPlan], Sequence[BindingPlan]]:
    """Return the entries down to the last that calls, and the levels below it."""
    calling = [number for number, entry in enumerate(entries) if isinstance(entry, CallPlan)]
    cut = calling[-1] + 1 if calling else 1
    return entries[:cut], [entry for entry in entries[cut:] if isinstance(entry, BindingPlan)]


def compile_tickets(parts: Parts) -> Program:
    calls, levels = split_entries(parts.entries)
    below = [Level(level.expression, level.bindable) for level in levels]
    return Program(parts.ticket, len(calls) - 1, below, is_bundled=parts.response.is_bundled)


def _compile_entry(
    entry: EntrySpec, spec: MappingSpec, names: Sequence[str], compiler: SpecCompiler
) -> EntryPlan:
    if isinstance(entry, BindingSpec):
        return BindingPlan(entry, names, compiler)
    return CallPlan(entry, spec.upstream, names, compiler, alone=spec.ticket.owner is None)


def _check_asking(
    spec: MappingSpec, entries: Sequence[EntryPlan], login: Login | None, compiler: SpecCompiler
) -> None:
    """Report a mapping that limits neither the answer nor a request to the user's tickets."""
    asks = any(isinstance(entry, CallPlan) and entry.request.uses_user for entry in entries)
    asks = asks or (login is not None and login.uses_user)
    if spec.ticket.owner is None and not asks:
        compiler.report(
            spec.ticket.place,
            "TB312",
            "`owner: upstream` says that the platform returns only the asked user's tickets,"
            " but no request and no login uses `user`",
            'place "{user}" in a request, or name the owner in the answer',
        )
