"""A page of headings, paragraphs, tables and bars, written as text, as Markdown, or as one HTML file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, assert_never

from ticketbridge.terminal import columns


class Mono(NamedTuple):
    """Text that is printed unchanged: a name, a value, a rule."""

    text: str


Words = tuple[str | Mono, ...]
Cell = str | Mono | Words


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of the page (*level* 1) or of a section (2)."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    words: Words


def paragraph(*words: str | Mono) -> Paragraph:
    """Return a paragraph of *words*."""
    return Paragraph(words)


def join_words(parts: Iterable[Words], between: str) -> Words:
    """Return the words of all *parts*, with *between* from each to the next."""
    return tuple(word for part in parts for word in (between, *part))[1:]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head; *to_sign* leaves room for handwriting."""

    head: Sequence[str]
    rows: Sequence[Sequence[Words]]
    to_sign: bool = False


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, to_sign: bool = False) -> Table:
    """Return a table of *rows*, whose cells need be no tuples of words."""
    cells = [[(c,) if isinstance(c, str | Mono) else c for c in row] for row in rows]
    return Table(head, cells, to_sign)


@dataclass(frozen=True, slots=True)
class Bars:
    """A small plot: a bar for each number, with its label; *title* says what the numbers count."""

    title: str
    counts: Sequence[tuple[str, int]]


Block = Heading | Paragraph | Table | Bars
Page = Sequence[Block]

# --- text -----------------------------------------------------------------------------------------

_WIDEST = 40  # characters of the longest bar


def as_text(page: Page) -> str:
    """Return *page* as lines for a terminal."""
    return "\n".join(line for block in page for line in _lines(block)) + "\n"


def _lines(block: Block) -> list[str]:
    match block:
        case Heading(text=text):
            return ["", text]
        case Paragraph(words=words):
            return [f"  {_plain(words)}"]
        case Table(head=head, rows=rows):
            return columns([head, *([_plain(cell) for cell in row] for row in rows)])
        case Bars():
            return [f"  {line}" for line in _draw_bars(block)]
        case _:
            assert_never(block)


def _plain(words: Words) -> str:
    return "".join(each.text if isinstance(each, Mono) else each for each in words)


def _draw_bars(bars: Bars) -> list[str]:
    most = max((count for _, count in bars.counts), default=0)
    rows = [
        (label, "#" * -(-count * _WIDEST // max(most, 1)), str(count))
        for label, count in bars.counts
    ]
    return [bars.title, *columns([(label, f"{bar} {count}") for label, bar, count in rows])]


# --- Markdown -------------------------------------------------------------------------------------

_MARKS = re.compile(r"([\\`*_\[\]<>&|#~])")
_BREAKS = re.compile(r"\s*[\r\n\x0b\x0c\x85\u2028\u2029]+\s*")


def as_markdown(page: Page) -> str:
    """Return *page* as Markdown (with tables, as GitHub has them); text of the mapping is escaped."""
    return "\n\n".join(map(_markdown, page)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text=text, level=level):
            return f"{'#' * level} {_marked((text,))}"
        case Paragraph(words=words):
            return _marked(words)
        case Table(head=head, rows=rows):
            lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
            lines += ["| " + " | ".join(_marked(cell) for cell in row) + " |" for row in rows]
            return "\n".join(lines)
        case Bars():
            return "```\n" + "\n".join(_draw_bars(block)) + "\n```"
        case _:
            assert_never(block)


def _marked(words: Words) -> str:
    return "".join(_code(each.text) if isinstance(each, Mono) else _text(each) for each in words)


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\1", _BREAKS.sub(" ", text))


def _code(text: str) -> str:
    text = _BREAKS.sub(" ", text).replace("|", "\\|")
    if not text.strip():
        return "(empty)"
    if "`" not in text:
        return f"`{text}`"
    longest = max(map(len, re.findall("`+", text)))
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}"


# --- HTML -----------------------------------------------------------------------------------------

_STYLE = """
body { font: 11pt/1.45 Georgia, serif; color: #111; background: #fff }
body { max-width: 54rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 0 .5rem }
h2 { font-size: 1.15rem; margin: 1.8rem 0 .4rem; break-after: avoid }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .88rem }
th, td { border: 1px solid #999; padding: .3rem .5rem; text-align: left; vertical-align: top }
td { overflow-wrap: break-word }
p:has(+ table) { break-after: avoid }
th { background: #eee }
tr { break-inside: avoid }
table.to-sign td { height: 2.2rem }
figure { margin: .5rem 0 } figcaption { font-size: .88rem }
svg { max-width: 100%; font: 12px Georgia, serif } rect { fill: #456 }
code { font: .92em ui-monospace, Menlo, Consolas, monospace; background: #f3f3f3; padding: 0 .15em }
@page { size: A4; margin: 18mm }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 10pt } }
"""


def as_html(page: Page) -> str:
    """Return *page* as one HTML file that loads nothing and can be printed; all text is escaped."""
    title = next((block.text for block in page if isinstance(block, Heading)), "")
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">\n"
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(map(_html, page)) + "\n</body>\n</html>\n"


_BREAKABLE = re.compile(r"(?<=[.,(/_?&])(?=[\w'])")
"""The places at which a long name may break."""


def _html(block: Block) -> str:
    match block:
        case Heading(text=text, level=level):
            return f"<h{level}>{html.escape(text)}</h{level}>"
        case Paragraph(words=words):
            return f"<p>{_escaped(words)}</p>"
        case Bars():
            return _figure(block)
        case Table(head=head, rows=rows):
            heads = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in head)
            lines = [
                f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>" for row in rows
            ]
            body = "\n".join(lines)
            kind = ' class="to-sign"' if block.to_sign else ""
            return f"<table{kind}>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        case _:
            assert_never(block)


_ROW, _LABEL, _LENGTH = 18, 150, 400  # pixels


def _figure(bars: Bars) -> str:
    """Return the bars as a drawing within the page, without external files."""
    most = max((count for _, count in bars.counts), default=0)
    parts = []
    for row, (label, count) in enumerate(bars.counts):
        y, length = row * _ROW, count * _LENGTH / max(most, 1)
        parts.append(
            f'<text x="{_LABEL - 8}" y="{y + 13}" text-anchor="end">{html.escape(label)}</text>'
            f'<rect x="{_LABEL}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 6}"/>'
            f'<text x="{_LABEL + length + 6:.1f}" y="{y + 13}">{count}</text>'
        )
    width, height = _LABEL + _LENGTH + 60, len(bars.counts) * _ROW
    title = html.escape(bars.title)
    return (
        f'<figure><figcaption>{title}</figcaption><svg role="img" aria-label="{title}"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">{"".join(parts)}</svg></figure>'
    )


def _escaped(words: Words) -> str:
    return "".join(
        f"<code>{'<wbr>'.join(map(html.escape, _BREAKABLE.split(each.text))) or '&nbsp;'}</code>"
        if isinstance(each, Mono)
        else html.escape(each)
        for each in words
    )


WRITERS: Mapping[str, Callable[[Page], str]] = MappingProxyType(
    {"markdown": as_markdown, "html": as_html}
)
"""Each format and what writes it."""
