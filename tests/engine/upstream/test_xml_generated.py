"""XML of all shapes: what the standard library's own reader finds in it, and never another error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from ticketbridge.engine.upstream.answer_formats import Unreadable, compile_format
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.jmes import RepeatedElement
from ticketbridge.mapping.spec import XmlFormatSpec

NAMES = st.sampled_from(["a", "b", "c", "é"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
LISTS = st.lists(PATHS, max_size=4).map(tuple)


@st.composite
def elements(draw: st.DrawFn, depth: int = 4) -> ET.Element:
    """An element with attributes, text around its children, and comments."""
    made = ET.Element(draw(NAMES), draw(st.dictionaries(NAMES, TEXTS, max_size=2)))
    made.text = draw(st.none() | st.just("\n  ") | TEXTS)
    for _ in range(draw(st.integers(0, 4)) if depth else 0):
        child = draw(elements(depth - 1))
        child.tail = draw(st.none() | st.just("\n") | TEXTS)
        made.append(child)
    return made


def expected(element: ET.Element, path: Sequence[str], lists: Sequence[Sequence[str]]) -> Any:
    """What the element at *path* becomes, said in another way than the program says it."""
    found: dict[str, list[Any]] = {f"@{name}": [value] for name, value in element.items()}
    named = {one[-1] for one in lists if len(one) > 1 and _ends(path, one[:-1])}
    for child in element:
        below = (*path, child.tag)
        found.setdefault(child.tag, []).append(expected(child, below, lists))
        if any(_ends(below, one) for one in lists):
            named.add(child.tag)
    whole: dict[str, Any] = {name: found.get(name, []) for name in named}
    for name in found.keys() - named:
        whole[name] = found[name][0] if len(found[name]) == 1 else ("repeated", found[name])
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if not text.strip(" \t\r\n"):
        return whole or None
    return {**whole, "#text": text} if whole else text


def _ends(path: Sequence[str], end: Sequence[str]) -> bool:
    return "/".join(["", *path]).endswith("/".join(["", *end]))


def shown(value: Any) -> Any:
    """A document in which what came more than once can be compared."""
    if type(value) is RepeatedElement:
        return ("repeated", [shown(item) for item in value])
    if isinstance(value, list):
        return [shown(item) for item in value]
    return {key: shown(item) for key, item in value.items()} if isinstance(value, dict) else value


def read(content: bytes, lists: Sequence[tuple[str, ...]]) -> Any:
    """The document in *content*."""
    spec = XmlFormatSpec(tuple(lists), "keep")
    answer = PlatformAnswer(200, {"content-type": "application/xml"}, content)
    return asyncio.run(compile_format(spec, any_content_type=False).read(answer))


@given(elements(), LISTS)
def test_a_document_has_all_that_is_in_the_xml(
    root: ET.Element, lists: tuple[tuple[str, ...], ...]
) -> None:
    """Every element, attribute and text is where the rules say, and nothing else is there."""
    found = read(ET.tostring(root, "utf-8"), lists)
    becomes = expected(root, (root.tag,), lists)

    assert shown(found) == {root.tag: [becomes] if (root.tag,) in lists else becomes}


@given(elements(depth=2), st.data())
def test_a_document_that_is_cut_is_never_read(root: ET.Element, data: st.DataObject) -> None:
    """Wherever it ends too early, it is unreadable."""
    content = ET.tostring(root, "utf-8")
    end = data.draw(st.integers(0, len(content) - 1))

    assert isinstance(read(content[:end], ()), Unreadable)


@given(st.binary() | st.text("<>/ab&;#x1!?-[]'\"= :").map(str.encode))
def test_anything_else_is_unreadable_and_no_defect(content: bytes) -> None:
    """No bytes make the reader fail in another way."""
    found = read(content, (("a", "b"),))

    assert isinstance(found, Unreadable) or len(found) == 1
