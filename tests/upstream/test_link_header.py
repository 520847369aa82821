"""How a `Link` header is read: the link with `rel="next"`, and an error wherever that is not clear."""

from __future__ import annotations

import pytest

from ticketbridge.upstream.link_header import LinkHeaderError, next_link

NEXT = "https://api.example.com/orders?page=2"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f'<{NEXT}>; rel="next"', id="quoted"),
        pytest.param(f"<{NEXT}>; rel=next", id="bare"),
        pytest.param(f"<{NEXT}>;rel=next", id="without blanks"),
        pytest.param(f'  <{NEXT}> \t;  rel = "next"  ', id="more blanks"),
        pytest.param(f'<{NEXT}>; REL="Next"', id="letter case"),
        pytest.param(f'<{NEXT}>; rel="last next"', id="a list of relations"),
        pytest.param(f'<{NEXT}>; rel="next\tlast"', id="a list with a tab"),
        pytest.param(f'</o?p=1>; rel="prev", <{NEXT}>; rel="next", </o>; rel=first', id="several"),
        pytest.param(f'<{NEXT}>; rel="next",</o?p=9>; rel="last"', id="no blank after the comma"),
        pytest.param(f',, <{NEXT}>; rel="next", ,', id="empty elements"),
        pytest.param(f'<{NEXT}>; title="a, b; rel=\\"prev\\""; rel="next"', id="quoted separators"),
        pytest.param(f"<{NEXT}>; title*=UTF-8''%e2%82%ac; rel=next", id="extended parameter"),
        pytest.param(f"<{NEXT}>; crossorigin; rel=next;", id="parameter without a value"),
        pytest.param(f'<{NEXT}>; rel="ne\\xt"', id="escaped character"),
        pytest.param(f"<{NEXT}>; rel=next; rel=prev", id="the first rel counts"),
        pytest.param(f"<{NEXT}>; rel=next, <{NEXT}>; rel=next", id="the same link twice"),
        pytest.param(
            f"<{NEXT}>; rel=next, <https://a.example/>; rel=up; anchor=x", id="other anchor"
        ),
    ],
)
def test_the_next_link_is_found(header: str) -> None:
    """Relations are lists of words in any letter case; parameters may be quoted."""
    assert next_link(header) == NEXT


def test_a_target_is_given_as_it_is_written() -> None:
    """Commas and semicolons in a target separate nothing."""
    assert next_link('</o?ids=1,2;p=2>; rel="next"') == "/o?ids=1,2;p=2"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param(" , ", id="empty elements"),
        pytest.param('</o?p=1>; rel="prev"', id="another relation"),
        pytest.param("</o?p=1>", id="no relation"),
        pytest.param("</o?p=1>; rel", id="an empty relation"),
        pytest.param('</o?p=1>; rel="https://rel.example/next"', id="a longer relation"),
        pytest.param("</o?p=1>; rev=next", id="the other direction"),
        pytest.param('</o?p=1>; title="; rel=next"', id="a word in a title"),
        pytest.param('</o?p=1>; rel="prev"; rel="next"', id="a second rel"),
        pytest.param('</o?rel="next">; rel="last"', id="a word in a target"),
    ],
)
def test_without_a_next_link_the_page_is_the_last(header: str) -> None:
    """What only looks like a next link is none."""
    assert next_link(header) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param(NEXT, "cannot be read", id="no brackets"),
        pytest.param(f'<{NEXT}; rel="next"', "cannot be read", id="open bracket"),
        pytest.param(f'<{NEXT}>; rel="next', "cannot be read", id="open quote"),
        pytest.param(f'<{NEXT}>; rel="next" x', "cannot be read", id="text after a value"),
        pytest.param(f'<{NEXT}> rel="next"', "cannot be read", id="no semicolon"),
        pytest.param(f"<{NEXT}>; rel=next prev", "cannot be read", id="a bare list"),
        pytest.param(f"<{NEXT}>; rel='next prev'", "cannot be read", id="other quotes"),
        pytest.param(f"<{NEXT}>; rel=prev </o>; rel=next", "cannot be read", id="no comma"),
        pytest.param("</a>; rel=next, </b>; rel=next", "several next", id="two next links"),
        pytest.param('</a>; rel=next; anchor="/x"', "another resource", id="anchor"),
    ],
)
def test_what_is_not_clear_is_an_error(header: str, reason: str) -> None:
    """A header that cannot be read may hide a page: it never means that there is none."""
    with pytest.raises(LinkHeaderError, match=reason) as caught:
        next_link(header)

    assert "example" not in str(caught.value)


def test_a_long_header_takes_time_by_its_length() -> None:
    """No header makes the reader go back over it again and again."""
    with pytest.raises(LinkHeaderError):
        next_link("<a>" + '; a="' + '\\"' * 500_000)
    with pytest.raises(LinkHeaderError):
        next_link("<a>" + " ;" * 500_000 + "x y")
