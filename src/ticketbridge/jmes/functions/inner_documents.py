"""Functions that read a document inside a text, as strictly as a body is read."""

from __future__ import annotations

from typing import Any

from ticketbridge.formats import DocumentError
from ticketbridge.formats.json import read_json
from ticketbridge.formats.xml import Lists, XmlReader
from ticketbridge.jmes import kinds
from ticketbridge.jmes.budget import spend
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.kinds import Example, Function, Parameter

_LETTERS_PER_STEP = 2
"""For a document that is nearly all brackets or digits. Others are read in half the time."""
_STEPS_FOR_A_PART = 12
"""For an element or an attribute: the parser calls Python for each."""
_STEPS_FOR_JSON, _STEPS_FOR_XML = 10, 60
"""For a document of any length, because a reader takes time to set up."""
_PIECE = 64 * 1024
_MARK = "\ufeff"
_NO_LISTS = Lists(())


def _from_json(text: str) -> Any:
    spend(_STEPS_FOR_JSON + len(text) // _LETTERS_PER_STEP)
    try:
        return read_json(text.encode())
    except DocumentError as error:
        raise ArgumentFault(str(error)) from None


def _from_xml(text: str) -> dict[str, Any]:
    spend(_STEPS_FOR_XML + len(text) // _LETTERS_PER_STEP)
    text = text.removeprefix(_MARK)
    reader, counted = XmlReader(_NO_LISTS, is_text=True), 0
    try:
        for start in range(0, len(text), _PIECE):
            reader.feed(text[start : start + _PIECE])
            spend(_STEPS_FOR_A_PART * (reader.parts - counted))
            counted = reader.parts
        return reader.document()
    except DocumentError as error:
        raise ArgumentFault(str(error)) from None


_TEXT = Parameter("text", kinds.STRING)

INNER_DOCUMENTS = (
    Function(
        "from_json",
        (_TEXT,),
        kinds.ANY,
        "The JSON document in a text, read as strictly as a body: integers keep all their digits, and NaN,"
        " Infinity and a name twice in one object are errors, as is a text that is no JSON. Write"
        " `text && from_json(text)` where the text may be null.",
        (
            Example(
                "from_json(data).seat", {"data": '{"seat": "12", "id": 12345678901234567890}'}, "12"
            ),
            Example("from_json(data)", {"data": "[1]"}, [1]),
        ),
        _from_json,
    ),
    Function(
        "from_xml",
        (_TEXT,),
        kinds.OBJECT,
        "The XML document in a text, read as `format: xml` reads a body; its declaration may name any"
        " encoding, as the text is decoded already. The root element is the one key. No element is a list by"
        " declaration: write `as_list(...)`, with `optional(...)` inside where there may be none.",
        (
            Example(
                "as_list(from_xml(result).tickets.ticket)",
                {"result": "<tickets><ticket>A1</ticket><ticket>A2</ticket></tickets>"},
                ["A1", "A2"],
            ),
        ),
        _from_xml,
    ),
)
