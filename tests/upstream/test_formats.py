"""How JSON is read: what was lost on the way is noticed, in short and in long documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.support import ids_on, item, order, orders, problem_on
from ticketbridge.problems import UpstreamUnreadable
from ticketbridge.upstream import formats
from ticketbridge.upstream.formats import Unreadable, read_json
from ticketbridge.upstream.messages import PlatformAnswer

TEXTS = st.sampled_from(["", "a", ":", 'a:"b', "\\u003a", "é", "{", "\\"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


def read(text: str) -> Any:
    """The document that a platform sends as *text*."""
    headers = {"content-type": "application/json", "content-length": "0"}
    answer = PlatformAnswer(200, headers, text.encode())
    return read_json(answer, any_content_type=False)


@pytest.fixture(params=[0, 1_000_000], ids=["long", "short"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents count as long from the first byte on, or as short."""
    monkeypatch.setattr(formats, "_LARGE", request.param)
    monkeypatch.setattr(formats, "_FEW", 2)
    monkeypatch.setattr(formats, "_MANY", 2)


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
