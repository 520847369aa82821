"""XML that is written: any text stands in it as what it is, or is refused."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.formats import DocumentError
from ticketbridge.formats.xml_text import TextRun, escape, list_texts


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")))
def test_a_text_is_read_as_it_was(text: str) -> None:
    """As the text of an element, and between either quotes; what XML cannot carry is an error."""
    if any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text):
        with pytest.raises(DocumentError):
            escape(text)
        return
    made = escape(text)
    element = ET.fromstring(f"<a b=\"{made}\" c='{made}'>{made}</a>")  # noqa: S314 - our own

    assert (element.text or "", element.get("b"), element.get("c")) == (text, text, text)


@pytest.mark.parametrize("text", ["\x00", "a\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_cannot_carry_is_refused(text: str) -> None:
    """Not even a reference can say it."""
    with pytest.raises(DocumentError, match="XML cannot carry"):
        escape(text)


def test_levels_are_bounded() -> None:
    """A document of 200 levels is read, and no deeper one."""
    assert list_texts("<a>" * 200 + "</a>" * 200) == []
    with pytest.raises(DocumentError, match="nested too deeply"):
        list_texts("<a>" * 201 + "</a>" * 201)


def test_the_texts_of_a_document_are_told_apart() -> None:
    """Those of elements and attributes are free; comments, instructions and CDATA are not."""
    document = "<n:a xmlns:n='u' n:b='1' c='&lt;2'>3<!-- 4 -->5<d>6</d><![CDATA[7]]>8<?e 9?></n:a>"

    assert list_texts(document) == [
        TextRun("b", "1", is_free=True),
        TextRun("c", "<2", is_free=True),
        TextRun("a", "3", is_free=True),
        TextRun("a", " 4 ", is_free=False),
        TextRun("a", "5", is_free=True),
        TextRun("d", "6", is_free=True),
        TextRun("a", "7", is_free=False),
        TextRun("a", "8", is_free=True),
        TextRun("a", "e", is_free=False),
        TextRun("a", "9", is_free=False),
    ]
