"""How a `Link` header is read: the link with `rel="next"`, and an error wherever that is not clear."""

from __future__ import annotations

import pytest

from ticketbridge.engine.upstream.link_header import LinkHeaderError, next_link

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
        pytest.param('</o?p=1>; rel="https://rel.example/next"', id="a longer relation"),
        pytest.param('</o?p=1>; rel="next-archive last.page"', id="relations with signs"),
        pytest.param("</o?p=1>; rel=prev; rev=next", id="the other direction"),
        pytest.param('</o?p=1>; rel=up; title="; rel=next"', id="a word in a title"),
        pytest.param("</o?p=1>; rel=up; type=text/html", id="a type without quotes"),
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
        pytest.param("</o?p=2>", "no `rel`", id="no relation"),
        pytest.param("</o?p=2>; rel", "no `rel`", id="a relation without a value"),
        pytest.param('</o?p=2>; rel=""', "no `rel`", id="an empty relation"),
        pytest.param('</o?p=2>; rel=" "', "no `rel`", id="a blank relation"),
        pytest.param("</o?p=2>; rev=next", "no `rel`", id="the other direction alone"),
        pytest.param('</o?p=2>; title="; rel=next"', "no `rel`", id="a relation in a title"),
        pytest.param('</o>; rel=first, </o?p=2>; title="2"', "no `rel`", id="one of two without"),
        pytest.param("</o?p=2>; rel*=UTF-8''next", "rel\\*", id="an extended relation"),
        pytest.param("</o?p=2>; rel=up; rel*=UTF-8''next", "rel\\*", id="and a plain one"),
        pytest.param('</o?p=2>; rel="prev"; rel="next"', "two `rel`", id="next in a second rel"),
        pytest.param("</o?p=2>; rel=; title=x", "cannot be read", id="no value after the sign"),
        pytest.param("</o?p=2>; rel=up; title=\u201ca\u201d", "cannot be read", id="curly title"),
        pytest.param('</a>; rel=next; anchor="/x"', "another resource", id="anchor"),
    ],
)
def test_what_is_not_clear_is_an_error(header: str, reason: str) -> None:
    """A header that cannot be read may hide a page: it never means that there is none."""
    with pytest.raises(LinkHeaderError, match=reason) as caught:
        next_link(header)

    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "rel",
    [
        "'next'",
        "\"'next'\"",
        "{next}",
        '"{next}"',
        "[next]",
        '"[next]"',
        "(next)",
        "<next>",
        "`next`",
        '"`next\'"',
        '"\\"next\\""',
        '""next""',
        'next"',
        '"next',
        "'next",
        "\u201cnext\u201d",
        '"\u201cnext\u201d"',
        "\u2018next\u2019",
        "\u00abnext\u00bb",
        '"\udc93next\udc94"',
        "\udc93next\udc94",
        '"next,prev"',
        '"next;"',
        '"next."',
        "_next_",
        '"nofollow [next]"',
        '"\u00a0next"',
        "&quot;next&quot;",
        "%22next%22",
        "'NEXT'",
        "n\u0435xt",
    ],
)
def test_a_rel_that_is_next_but_for_its_signs_is_an_error(rel: str) -> None:
    """Other quotes, brackets or signs around `next` are a slip of the platform, not the last page."""
    with pytest.raises(LinkHeaderError):
        next_link(f"<{NEXT}>; rel={rel}")
    with pytest.raises(LinkHeaderError):
        next_link(f'</o?p=9>; rel="last", <{NEXT}>; rel={rel}, </o?p=1>; rel=first')


@pytest.mark.parametrize("rel", ["next", "NEXT", '" next "', '"nofollow next"', '"next nofollow"'])
def test_a_rel_that_says_next_is_followed(rel: str) -> None:
    """Letter case, blanks and further relations make no difference."""
    assert next_link(f"<{NEXT}>; rel={rel}") == NEXT


def test_a_long_header_takes_time_by_its_length() -> None:
    """No header makes the reader go back over it again and again."""
    with pytest.raises(LinkHeaderError):
        next_link("<a>" + '; a="' + '\\"' * 500_000)
    with pytest.raises(LinkHeaderError):
        next_link("<a>" + " ;" * 500_000 + "x y")
