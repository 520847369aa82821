"""How JSON is read: what was lost on the way is noticed, in short and in long documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.support import ids_on, item, order, orders, problem_on
from ticketbridge.engine.problems import UpstreamUnreadable
from ticketbridge.engine.upstream.answer_formats import Unreadable, read_json_answer
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import json as json_reader

TEXTS = st.sampled_from(["", "a", ":", 'a:"b', "\\u003a", "é", "{", "\\"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


def read(text: str) -> Any:
    """The document that a platform sends as *text*."""
    headers = {"content-type": "application/json", "content-length": "0"}
    answer = PlatformAnswer(200, headers, text.encode())
    return read_json_answer(answer, any_content_type=False)


@pytest.fixture(params=[0, 1_000_000], ids=["long", "short"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents count as long from the first byte on, or as short."""
    monkeypatch.setattr(json_reader, "_LARGE", request.param)
    monkeypatch.setattr(json_reader, "_FEW", 2)
    monkeypatch.setattr(json_reader, "_MANY", 2)


@pytest.mark.usefixtures("limits")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(document=DOCUMENTS, separators=st.sampled_from([(",", ":"), (", ", " : ")]))
def test_a_good_document_is_read_as_it_is(document: Any, separators: tuple[str, str]) -> None:
    """Whatever stands in its texts and however it is spaced."""
    for escaped in (True, False):
        assert read(json.dumps(document, separators=separators, ensure_ascii=escaped)) == document


@pytest.mark.usefixtures("limits")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(document=DOCUMENTS, one=DOCUMENTS, other=DOCUMENTS, name=TEXTS, depth=st.integers(0, 4))
def test_a_name_twice_is_noticed(
    document: Any, one: Any, other: Any, name: str, depth: int
) -> None:
    """Of two members with one name a reader keeps one: nobody knows which was meant."""
    key, first, second = json.dumps(name), json.dumps(one), json.dumps(other)
    text = f"{{{key}:{first},{key}:{second}}}"
    for level in range(depth):
        text = f'[{json.dumps(document)},{{"x":{text}}}]' if level % 2 else f'{{"y":{text}}}'

    assert isinstance(read(text), Unreadable)


LETTERS = st.sampled_from([":", "a", '"', "\\", "/", "u003a", "\u00e9", "{"])
SPACES = st.sampled_from(["", "", " ", "\n\t", "\r\n  "])


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A string as it stands in JSON; one text may be written in several ways."""
    letters = draw(st.lists(LETTERS, max_size=3))
    return f'"{"".join(draw(st.sampled_from(list(spellings(letter)))) for letter in letters)}"'


def spellings(text: str) -> Iterator[str]:
    """The ways to write *text*, which is ASCII, within a string."""
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/")
    for code in ("{:04x}", "{:04X}"):
        yield "".join("\\u" + code.format(ord(letter)) for letter in text)


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    """A JSON document, in which a name may come twice."""
    kind = draw(st.sampled_from(["list", "object", "object"])) if depth else "scalar"
    if kind == "scalar":
        return draw(st.one_of(strings(), st.sampled_from(["1", "-1.50", "1e5", "true", "null"])))
    values = draw(st.lists(texts(depth - 1), max_size=3))
    if kind == "object":
        names = [f"{draw(strings())}{draw(SPACES)}:{draw(SPACES)}" for _ in values]
        values = [name + value for name, value in zip(names, values, strict=True)]
    space = draw(SPACES)
    inside = f"{space},{space}".join(values)
    return f"[{space}{inside}{space}]" if kind == "list" else f"{{{space}{inside}{space}}}"


def has_a_name_twice(text: str) -> bool:
    """The same, by looking at each object."""
    found = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        found.append(len(dict(pairs)) < len(pairs))

    json.loads(text, object_pairs_hook=note)
    return any(found)


@pytest.mark.generated
@pytest.mark.usefixtures("limits")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
@given(text=texts())
@example(text=r'{"a":"\\u003a","b":"\\\u003a\u003A"}')
@example(text=r'{"\u003a":1,":":2}')
@example(text=r'{"a":"\u003a","a":"::"}')
def test_a_document_is_refused_just_where_a_name_comes_twice(text: str) -> None:
    """However names are written and spaced, and whatever the texts have of colons and backslashes."""
    assert isinstance(read(text), Unreadable) is has_a_name_twice(text)


BARE = ["15", "-15", "1.5", "-0.5", "1.5e3", "1e30", "0"]


@pytest.mark.anyio
@pytest.mark.parametrize("number", BARE)
async def test_a_bare_number_that_may_be_cut_is_none(platform: FakePlatform, number: str) -> None:
    """15 may be the beginning of 150, and 1.5 that of 1.55: something must say where the body ends."""
    source = [
        {"name": "fee", "get": "/fee", "take": "body"},
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]
    changes = {"source": source, "ticket.fields.price": "add(item.price, fee) && item.price"}
    head = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    platform.on("/fee", Reply(steps=[f"{head}{number}".encode(), CLOSE]))

    found = await problem_on(platform, changes)

    assert isinstance(found, UpstreamUnreadable)
    assert "a bare number, and nothing says that it is whole" in found.log

    platform.on("/fee", Reply(body=number.encode()))
    assert await ids_on(platform, changes) == ["1"]
    platform.on("/fee", Reply(steps=[f"{head}{number} ".encode(), CLOSE]))
    assert await ids_on(platform, changes) == ["1"]
