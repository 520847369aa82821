"""Read the `upstream` of a case: the platform's answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from ticketbridge.formats import DocumentError
from ticketbridge.mapping.yaml_nodes import Node, Scalar
from ticketbridge.workbench.cases.case_spec import (
    AnswerSpec,
    CarriedSpec,
    FormSent,
    JsonSent,
    Sent,
    Target,
    TextSent,
    XmlSent,
)
from ticketbridge.workbench.cases.case_values import CaseValues
from ticketbridge.workbench.cases.xml_documents import read_document

METHODS: Mapping[str, Literal["GET", "POST"]] = MappingProxyType({"get": "GET", "post": "POST"})
SENT_KEYS = ("json", "form", "xml")
CARRIED_KEYS = ("headers", "query", "text")
"""The keys of `asked`. Here `text` is the body of the request; beside the call it is that of the answer."""
ANSWER_KEYS = (
    *METHODS,
    *SENT_KEYS,
    "asked",
    *("host", "status", "headers", "content_type", "body", "body_file", "text"),
)
CONTENT_KEYS = ("body", "body_file", "text")
JSON_TYPE = "application/json"
XML_TYPE = "application/xml"
XML_ENDING = ".xml"
TEXT_TYPE = "text/plain; charset=utf-8"
LEGAL_TARGET = re.compile(r"/[^\s#\x00-\x1f\x7f]*")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class AnswerReader:
    """Reads the answers of a case; `body_file` is looked for in *folder*."""

    def __init__(self, folder: Path, values: CaseValues) -> None:
        self._folder = folder
        self._values = values

    def read(self, node: Node | None) -> tuple[AnswerSpec, ...]:
        """Return the answers that *node* lists; none if *node* is absent."""
        entries = self._values.read_list(node, "`upstream`")
        return tuple(answer for answer in map(self._read_answer, entries) if answer is not None)

    def _read_answer(self, node: Node) -> AnswerSpec | None:
        if not self._values.check_mapping(node, "an answer", ANSWER_KEYS, _list_needed_keys(node)):
            return None
        self._check_one_of(node, tuple(METHODS), "an answer is to one call")
        key = "get" if node.get("get") is not None else "post"
        asked = self._read_target(key, node.get(key))
        return AnswerSpec(
            method=METHODS[key],
            asked=asked,
            target=Target.of(asked),
            sent=self._read_sent(node),
            host=self._values.read_text(node.get("host"), "`host`") or None,
            carried=self._read_carried(node.get("asked")),
            status=self._values.read_whole_number(
                node.get("status"), "`status`", least=200, most=599, default=200
            ),
            headers=self._read_headers(node),
            content=self._read_content(node),
            file=self._path(node.get("body_file")),
            place=node.place,
        )

    def _check_one_of(self, node: Node, keys: Sequence[str], why: str) -> list[str]:
        """Return those of *keys* that are given; report two of them."""
        given = [key for key in keys if node.get(key) is not None]
        if len(given) > 1:
            message = f"`{given[0]}` and `{given[1]}` exclude each other"
            self._values.report(node, "TB416", message, why)
        return given

    # --- what is asked for ------------------------------------------------------------------------

    def _read_sent(self, node: Node) -> Sent | None:
        given = self._check_one_of(node, SENT_KEYS, "a request has one body")
        text = self._read_sent_text(node)
        if given and text is not None:
            message = f"`{given[0]}` and `text` exclude each other"
            self._values.report(node, "TB416", message, "a request has one body")
        if given and node.get("get") is not None:
            message = f"a `get` sends no body: `{given[0]}` belongs to `post`"
            self._values.report(node, "TB416", message)
        if "json" in given:
            return JsonSent(node.need("json").plain())
        if "xml" in given:
            return self._read_sent_document(node.need("xml"))
        if text is not None:
            return text
        if "form" in given:
            return FormSent(self._read_parameters(node.need("form"), "`form`"))
        return None

    def _read_sent_text(self, node: Node) -> TextSent | None:
        asked = node.get("asked")
        text = asked.get("text") if asked is not None else None
        if text is None:
            return None
        if node.get("get") is not None:
            message = "a `get` sends no body: `text` belongs to `post`"
            self._values.report(node, "TB416", message)
        return TextSent(self._values.read_text(text, "`text`", empty=True))

    def _read_sent_document(self, node: Node) -> XmlSent | None:
        text = self._values.read_text(node, "`xml`")
        try:
            read_document(text)
        except DocumentError as error:
            self._values.report(node, "TB414", f"`xml` is no document: {error}")
            return None
        return XmlSent(text)

    def _read_carried(self, node: Node | None) -> CarriedSpec:
        """Return what a request must carry; nothing if the case does not say it."""
        if node is None or not self._values.check_mapping(node, "`asked`", CARRIED_KEYS, ()):
            return CarriedSpec({}, {})
        headers = {
            str(key.value).lower(): self._read_header(key, value)
            for key, value in self._values.read_pairs(node.get("headers"), "`headers`")
        }
        return CarriedSpec(headers, self._read_parameters(node.get("query"), "`query`"))

    def _read_parameters(self, node: Node | None, label: str) -> dict[str, list[str]]:
        return {
            str(key.value): [
                self._values.read_text(entry, f"`{key.value}`", empty=True)
                for entry in value.items or (value,)
            ]
            for key, value in self._values.read_pairs(node, label)
        }

    def _read_target(self, key: str, node: Node | None) -> str:
        text = self._values.read_text(node, f"`{key}`")
        if node and text and not LEGAL_TARGET.fullmatch(text):
            message = f"`{key}` should be a path that begins with `/`, without spaces and `#`"
            hint = "leave out base_url and its path; for example /orders?email=ana@example.com"
            self._values.report(node, "TB414", message, hint)
        return text

    # --- headers --------------------------------------------------------------------------------

    def _read_headers(self, node: Node) -> tuple[tuple[str, str], ...]:
        headers = [
            (str(key.value), self._read_header(key, each))
            for key, value in self._values.read_pairs(node.get("headers"), "`headers`")
            for each in value.items or (value,)
        ]
        given = node.get("content_type")
        content_type = self._values.read_text(given, "`content_type`")
        if not any(name.lower() == "content-type" for name, _ in headers):
            content_type = content_type or _choose_type(node)
            return (*headers, ("Content-Type", content_type)) if content_type else tuple(headers)
        if given is not None:
            message = "`content_type` and a Content-Type in `headers` exclude each other"
            self._values.report(given, "TB416", message)
        return tuple(headers)

    def _read_header(self, key: Scalar, node: Node) -> str:
        name, value = str(key.value), node.plain()
        if not HEADER_NAME.fullmatch(name):
            self._values.report(key, "TB414", f"`{name}` is no legal name of a header")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        text = self._values.read_text(node, f"`{name}`", empty=True)
        if not HEADER_VALUE.fullmatch(text):
            self._values.report(node, "TB414", f"`{name}` has a line break or a control character")
        return text

    # --- content --------------------------------------------------------------------------------

    def _read_content(self, node: Node) -> bytes:
        given = self._check_one_of(node, CONTENT_KEYS, "an answer has one body")
        if "body_file" in given:
            return self._read_file(node.need("body_file"))
        if "text" in given:
            return self._values.read_text(node.get("text"), "`text`", empty=True).encode()
        return msgspec.json.encode(node.need("body").plain()) if "body" in given else b""

    def _read_file(self, node: Node) -> bytes:
        path = self._path(node)
        name = self._values.read_text(node, "`body_file`")
        if path is None:
            if name:
                message = "`body_file` is not in the folder of the cases file, or below it"
                self._values.report(node, "TB420", message, "for example samples/orders.json")
            return b""
        return self._read(node, path)

    def _path(self, node: Node | None) -> Path | None:
        """Return the file that a `body_file` names; None if there is none, or it is outside the folder."""
        name = None if node is None else node.plain()
        if not name or not isinstance(name, str):
            return None
        path = self._folder / name.replace("\0", "")
        return path if path.resolve().is_relative_to(self._folder.resolve()) else None

    def _read(self, node: Node, path: Path) -> bytes:
        try:
            content = path.read_bytes()
            if path.suffix != XML_ENDING:
                msgspec.json.decode(content)
        except OSError as error:
            self._values.report(node, "TB421", f"`body_file` cannot be read: {error.strerror}")
            return b""
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            message = f"`body_file` is no JSON: {error}"
            hint = (
                f"the name of an XML file ends in {XML_ENDING}; any other answer stands in `text`"
            )
            self._values.report(node, "TB422", message, hint)
            return b""
        return content


def _list_needed_keys(node: Node) -> tuple[str, ...]:
    """Return the keys that an answer must have: `get`, unless it has a `post`."""
    return () if node.get("post") else ("get",)


def _choose_type(node: Node) -> str:
    file = node.get("body_file")
    if file is not None and str(file.plain()).endswith(XML_ENDING):
        return XML_TYPE
    if node.get("body") or file:
        return JSON_TYPE
    return TEXT_TYPE if node.get("text") else ""
