"""A case as YAML, and the files that hold its long answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ticketbridge.workbench.cases.answer_reader import JSON_TYPE
from ticketbridge.workbench.cases.case_spec import drop_parameters
from ticketbridge.workbench.cases.value_text import write_block, write_flow, write_scalar
from ticketbridge.workbench.record.recorded_answers import RecordedAnswer
from ticketbridge.workbench.record.replay import ReplayedAnswer
from ticketbridge.workbench.samples import looks_like_xml

LONGEST = 16 * 1024
FOLDER = "samples"
FORM_TYPE = "application/x-www-form-urlencoded"
_WIDEST = 90


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """The text of a case, and the files beside it: name to content."""

    text: str
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseParts:
    """The parts of a case; *keys* are the query parameters that are credentials."""

    name: str
    user: str
    now: str
    answers: Sequence[ReplayedAnswer]
    expect: Mapping[str, Any]
    keys: Collection[str] = ()


def write_case(parts: CaseParts, stem: str, *, longest: int | None = LONGEST) -> WrittenCase:
    """Return *parts* as YAML.

    Bodies of more than *longest* bytes go to files whose names begin with *stem*.
    """
    files: dict[str, bytes] = {}
    lines = [
        f"- case: {write_scalar(parts.name)}",
        f"  user: {write_scalar(parts.user)}",
        f"  now: {parts.now}",
        "  upstream:" + ("" if parts.answers else " []"),
    ]
    for number, answer in enumerate(parts.answers, 1):
        file = f"{FOLDER}/{stem}-{number}.json"
        lines += _write_answer(answer, parts.keys)
        lines += _write_body(answer.reply, longest, file, files)
    lines.append("  expect:")
    for key, value in parts.expect.items():
        lines += _write_member(key, value, "    ")
    return WrittenCase("".join(f"{line}\n" for line in lines), files)


def _write_answer(replayed: ReplayedAnswer, keys: Collection[str]) -> Iterator[str]:
    """Yield the request, and the head of the answer."""
    reply = replayed.reply
    asked = drop_parameters(replayed.asked, keys).replace("%40", "@")
    yield f"    - {reply.method.lower()}: {write_scalar(asked)}"
    if reply.host is not None:
        yield f"      host: {reply.host}"
    if replayed.content:
        yield from _write_sent(replayed.content, replayed.sent_type)
    if reply.status != 200:
        yield f"      status: {reply.status}"
    headers = dict(reply.headers)
    content_type = headers.pop("content-type", "")
    if content_type and not (reply.is_json and content_type == JSON_TYPE):
        yield f"      content_type: {write_scalar(content_type)}"
    if headers:
        yield from _write_member("headers", headers, "      ")


def _write_body(
    reply: RecordedAnswer, longest: int | None, file: str, files: dict[str, bytes]
) -> Iterator[str]:
    if reply.is_json and longest is not None and len(reply.content) > longest:
        files[file] = msgspec.json.format(reply.content, indent=1) + b"\n"
        yield f"      body_file: {file}"
    elif reply.is_json:
        yield from _write_member("body", reply.document, "      ")
    elif reply.content:
        yield f"      text: {write_scalar(reply.content.decode())}"


def _write_sent(content: bytes, sent_type: str) -> Iterator[str]:
    """Yield what the request must carry."""
    with suppress(msgspec.MsgspecError, ValueError):
        return _write_member("json", msgspec.json.decode(content), "      ")
    text = content.decode()
    if looks_like_xml(content):
        return iter([f"      xml: {write_scalar(text)}"])
    if sent_type != FORM_TYPE:
        return iter([f"      asked: {{text: {write_scalar(text)}}}"])
    form = parse_qs(text, keep_blank_values=True)
    single = {name: v[0] if len(v) == 1 else v for name, v in form.items()}
    return _write_member("form", single, "      ")


def _write_member(key: str, value: Any, indent: str) -> Iterator[str]:
    """Yield a key and its value: on one line if that is short, else on several."""
    line = f"{key}: {write_flow(value)}"
    lines = [line] if len(line) <= _WIDEST else write_block({key: value})
    yield from (f"{indent}{part}" for part in lines)
