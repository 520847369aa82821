"""What foreign parsers raise for hostile input comes out as our own errors, and as nothing else.

Dates, URLs, addresses, numbers, zones, patterns, JSON, XML, GraphQL, base64, compressed bodies, charsets
and YAML are read by code of others. Each raises more kinds of errors than its documentation says; here are
the inputs that do it.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import Changes, environment, item, mapping, order, orders, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.upstream.answer import seconds_to_wait
from ticketbridge.engine.upstream.answer_formats import charset_of, read_json_answer
from ticketbridge.engine.upstream.link_header import LinkHeaderError, next_link
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.engine.upstream.next_url import NextUrlError, next_url
from ticketbridge.engine.upstream.requests import FirstRequest
from ticketbridge.formats import DocumentError
from ticketbridge.formats.csv import read_csv
from ticketbridge.formats.encodings import decode
from ticketbridge.formats.json import read_json_lines
from ticketbridge.formats.xml_text import escape, list_texts
from ticketbridge.jmes import EvaluationError, compile_expression
from ticketbridge.mapping import MappingError, parse_mapping
from ticketbridge.redaction import mask_emails, mask_words, origin_and_path
from ticketbridge.service.access import caller_address
from ticketbridge.service.settings import SettingsError, settings_from
from ticketbridge.workbench.cases.reader import CasesError, parse_cases
from ticketbridge.workbench.draft.command import make_draft
from ticketbridge.workbench.personal.chance import is_random
from ticketbridge.workbench.personal.rewriting import decode_base64
from ticketbridge.workbench.samples import SampleError

DIGITS = "9" * 5000
"""More digits than Python reads as an integer."""
DATES = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:00+24:00",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 99999 00:00:00 GMT",
    "Mon, 01 Jan 2026 00:00:00 +999999999999",
    f"Mon, {DIGITS} Jan 2026 00:00:00 GMT",
    "Mon, 01 Jan 2026 :: GMT",
    "٢٠٢٦-01-01T00:00:00Z",
]
NUMBERS = [
    DIGITS,
    f"-{DIGITS}",
    "1e999999999",
    "1e-999999999",
    "NaN",
    "sNaN",
    "-Infinity",
    "²",
    "٣",
    "0x1",
]
URLS = [
    "http://[",
    "http://]",
    "http://[::1",
    "http://[v1.x]/",
    "http://[::1]x/",
    "http://x:99999/",
    f"http://x:{DIGITS}/",
    "http://x:²/",
    "http://x:-1/",
    "http://\u2100/",
    "http://a\uff0fb/",
    "//[",
    "https://user:p@[::1/",
    "http://" + "a." * 5000,
    "http://xn--\udcff/",
    "?" + "&" * 5000,
]
NAMES = [
    "idna",
    "punycode",
    "unicode_escape",
    "zip",
    "rot13",
    "hex",
    "undefined",
    "mbcs",
    "utf-7",
    "\0",
]
TEXTS = [
    "",
    "\0",
    "\ud800",
    "\udcff",
    "\u202e\u2028",
    "../../etc/passwd",
    "/" * 5000,
    "(" * 5000,
    "[" * 5000,
    "{" * 5000,
    "\\",
    "%",
    "%ff%00",
    "::ffff:1.2.3.4%\0",
    "1.2.3.4/99",
    "Europe/" + "X" * 5000,
    "=?utf-8?q?=00?=",
    *DATES,
    *NUMBERS,
    *URLS,
    *NAMES,
]
VALUES: Sequence[Any] = [
    *TEXTS,
    None,
    True,
    10**400,
    -(10**400),
    2**64,
    -(2**63) - 1,
    1e308,
    -0.0,
    5e-324,
    [],
    {},
    [[]],
    {"": None},
]
BASE64 = [
    *("=", "====", "A", "AA=", "AAA", "AAAA=", "A===", "=AAA", "AA==AA==", "AA\n==", "A A A A"),
    *("AA+/", "AA-_", "AA+_", "\u0391AAA", "AAAA" * 50_000, "QUJD\0", "QR==", "////", "%3D%3D"),
]
FIRST = FirstRequest("/orders", {})


def fuzzed(number: int = 150) -> list[str]:
    """Texts made of pieces of TEXTS; the seed is shown where a test fails."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown with a failure
    chance = random.Random(seed)  # noqa: S311 - for tests
    pieces = [text[:40] for text in TEXTS if text] + list(' ,;<>"=:/@?#[]{}()\\\t\r\n\x7f')
    return ["".join(chance.choices(pieces, k=chance.randint(1, 6))) for _ in range(number)]


def answer(content: bytes, **headers: str) -> PlatformAnswer:
    """An answer of the platform."""
    return PlatformAnswer(200, {"content-type": "application/json", **headers}, content)


def followed(text: str) -> object:
    """The next URL that a platform names."""
    url = "http://platform.example/orders"
    return next_url(
        text, current=url, base_url="http://platform.example", first=FIRST, any_path=True
    )


READERS: Sequence[tuple[str, Callable[[str], object], tuple[type[Exception], ...]]] = [
    ("Retry-After", seconds_to_wait, ()),
    ("Link", next_link, (LinkHeaderError,)),
    ("a next URL", followed, (NextUrlError,)),
    ("a place to redirect to", origin_and_path, ()),
    ("a charset", charset_of, ()),
    ("addresses", mask_emails, ()),
    ("words", lambda text: mask_words(text, ["ana@example.com"], "*"), ()),
    ("base64 in a recording", decode_base64, ()),
    ("random text in a recording", is_random, ()),
    ("a peer", lambda text: caller_address(text, [], ()), ()),
    ("a text in XML", escape, (DocumentError,)),
    ("the texts of XML", list_texts, (DocumentError,)),
    ("CSV", lambda text: list(read_csv(text, ["a"], any_end=True)), (DocumentError,)),
    ("an encoding", lambda text: decode(b"a", text), (DocumentError,)),
    (
        "JSON lines",
        lambda text: list(read_json_lines(text.encode(errors="surrogatepass"))),
        (DocumentError,),
    ),
    (
        "JSON",
        lambda text: read_json_answer(
            answer(text.encode(errors="surrogatepass")), any_content_type=False
        ),
        (),
    ),
]


@pytest.mark.parametrize(
    ("read", "known"), [row[1:] for row in READERS], ids=[r[0] for r in READERS]
)
def test_a_reader_of_texts_raises_its_own_errors(
    read: Callable[[str], object], known: tuple[type[Exception], ...]
) -> None:
    """What a platform or a caller writes in a header raises only what the reader declares."""
    for text in (*TEXTS, *BASE64, *fuzzed()):
        try:
            read(text)
        except known as error:
            assert text[:20] not in str(error) or len(text) < 9  # noqa: PT017 - repeats no data


EXPRESSIONS = [
    "date(v)",
    "date(v, '%Y-%m-%dT%H:%M:%S%z')",
    "date('2026-01-01T00:00:00', `null`, v)",
    "decimal(v)",
    "decimal(v, ',')",
    "minor_units(v, 'EUR')",
    "minor_units(`1`, v)",
    "matches(v, '^a')",
    "matches('a', v)",
    "extract('a', v)",
    "to_number(v)",
    "to_string(v)",
    "round(v, `2`)",
    "multiply(v, v)",
    "divide(`1`, v)",
    "sum([v])",
    "join(',', [v])",
    "sort([v])",
    "quoted(v, 'sql')",
    "quoted(v, 'lucene')",
    "quoted(v, 'xml')",
    "from_json(v)",
    "from_xml(v)",
    "split(v, v)",
    "replace(v, v, v)",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_raises_its_own_error(text: str) -> None:
    """Whatever a value of the platform is, an expression that reads it gives a value or EvaluationError."""
    expression = compile_expression(text)
    for value in (*VALUES, *fuzzed(50)):
        try:
            expression({"v": value})
        except EvaluationError:
            continue


BODIES = [
    pytest.param(b"[" * 100_000, id="deep lists"),
    pytest.param(b'{"a":' * 100_000, id="deep objects"),
    pytest.param(b'{"orders":' + DIGITS.encode() + b"}", id="5000 digits"),
    pytest.param(b'{"orders":1e999}', id="too large a number"),
    pytest.param(b'{"orders":["\\ud800"]}', id="half a character"),
    pytest.param(b'{"orders":["\xff"]}', id="no UTF-8"),
    pytest.param(b"\xef\xbb\xbf\xef\xbb\xbf{}", id="two marks"),
    pytest.param(b"\xff\xfe{\0}\0", id="UTF-16"),
    pytest.param(b"\0", id="NUL"),
    pytest.param(b"<" * 10_000, id="brackets"),
    pytest.param(b"<?xml version='1.0' encoding='zip'?><r/>", id="a codec for encoding"),
    pytest.param(b"<?xml version='1.0' encoding='idna'?><r>\xc3\xa9</r>", id="a codec for names"),
    pytest.param(b"<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>", id="an entity"),
    pytest.param(b"<r xmlns:a=''><a:b/></r>", id="a prefix of nothing"),
    pytest.param(b"<r>" * 20_000, id="deep elements"),
    pytest.param(b"<r>&#xD800;&#0;</r>", id="references to no character"),
]


@pytest.mark.anyio
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        pytest.param("json", "application/json", id="json"),
        pytest.param({"json": {"charset": "iso-8859-1"}}, "application/json", id="latin"),
        pytest.param({"xml": {"lists": ["r/o"]}}, "application/xml", id="xml"),
        pytest.param("ndjson", "application/x-ndjson", id="ndjson"),
        pytest.param({"csv": {"columns": ["a", "b"]}}, "text/csv", id="csv"),
        pytest.param("text", "text/plain", id="text"),
    ],
)
async def test_no_body_is_an_internal_error(
    platform: FakePlatform, body: bytes, form: object, media_type: str
) -> None:
    """Whatever bytes the platform sends, as they are or as gzip, the answer names the platform's fault."""
    changes: Changes = {"source.0.format": form, "upstream.breaker": {"failures": 1000}}
    bad_gzips = [gzip.compress(body)[:-9], zlib.compress(body), body, gzip.compress(body) + b"\0"]
    replies = [Reply(body=body, content_type=media_type)] + [
        Reply(body=content, content_type=media_type, headers={"Content-Encoding": "gzip"})
        for content in (gzip.compress(body), *bad_gzips)
    ]
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        for reply in replies:
            platform.on("/orders", reply)
            found = await menta.get("/tickets?user=ana%40example.com")
            assert found.status_code == 502, found.text


GOOD = json.dumps(orders(order(item(1)))).encode()
NOTHING = b'{"orders":[]}'
BROTLI = base64.b64decode("CwaAeyJvcmRlcnMiOltdfQM=")  # of NOTHING
BROTLI_BOMB = base64.b64decode(  # of 100 MB of blanks in a list
    "y///P/ilQLbiskAA9/4v/v//wS8BEIdFALr3f/z//4NfAiAOCwB07//4//8HvwRAHBYA6N7/8f//D34JgDgsANC9/+P//x/8EgBxWA"
    "Cge//H//8/+CUA4rAAQPf+j///f/BLAMRhAYDu/R/////glwCIwwIA3fs//v//wS8BEIcFALr3f/z//4NfAiAOCwB07/8yILwOv0RX"
    "KXJYAHAXuw4="
)


def zstd(*blocks: tuple[int, int, bytes]) -> bytes:
    """A zstd frame of blocks: kind (0 as it is, 1 one byte repeated), length, content."""
    last = len(blocks) - 1
    heads = [(at == last | kind << 1 | length << 3) for at, (kind, length, _) in enumerate(blocks)]
    parts = [
        head.to_bytes(3, "little") + block[2] for head, block in zip(heads, blocks, strict=True)
    ]
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(parts)


ZSTD = zstd((0, len(NOTHING), NOTHING))
ZSTD_BOMB = zstd(*[(1, 128 * 1024, b" ")] * 800)  # of 100 MB, in 3,200 bytes
COMPRESSED = {
    "brotli": BROTLI,
    "brotli, cut": BROTLI[:-3],
    "brotli, a bomb": BROTLI_BOMB,
    "zstd": ZSTD,
    "zstd, cut": ZSTD[:-3],
    "zstd, a bomb": ZSTD_BOMB,
    "zstd, a window of 3.75 TB": ZSTD[:5] + b"\xff" + ZSTD[6:],
    "deflate": zlib.compress(NOTHING),
    "deflate without a head": zlib.compress(NOTHING)[2:-4],
    "gzip": gzip.compress(NOTHING),
    "gzip in gzip": gzip.compress(gzip.compress(NOTHING)),
    "gzip, a bomb": gzip.compress(b" " * 20_000_000),
    "base64": base64.b64encode(NOTHING),
    "plain": NOTHING,
}
CODINGS = [
    *(
        "br",
        "zstd",
        "deflate",
        "compress",
        "dcb",
        "br, gzip",
        "gzip, br",
        "gzip, gzip",
        "identity, br",
    ),
    *(
        "BR",
        "x-zstd",
        "aws-chunked",
        "base64",
        "utf-8",
        "gzip;q=1",
        '"gzip"',
        "gzip,",
        ",",
        "*",
        "\x80",
    ),
]


@pytest.mark.anyio
@pytest.mark.parametrize("name", COMPRESSED)
async def test_no_coding_but_gzip_is_read(platform: FakePlatform, name: str) -> None:
    """What was not asked for is refused, be it well made, cut, a bomb, or another one than is said.

    An empty list under such a name would be a false answer: nobody has looked at what is in it.
    """
    changes: Changes = {"upstream.breaker": {"failures": 10_000}}
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        for coding in CODINGS:
            reply = Reply(body=COMPRESSED[name], headers={"Content-Encoding": coding})
            platform.on("/orders", reply)
            found = await menta.get("/tickets?user=ana%40example.com")
            assert (found.status_code, coding) == (502, coding), found.text
            assert found.json()["type"].endswith(":upstream-unreadable")


@pytest.mark.anyio
@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("coding", [None, "gzip", "identity"])
async def test_a_body_under_another_coding_is_no_list(
    platform: FakePlatform, name: str, coding: str | None
) -> None:
    """Where the header says nothing, gzip or identity, only what is that is read."""
    headers = {} if coding is None else {"Content-Encoding": coding}
    platform.on("/orders", Reply(body=COMPRESSED[name], headers=headers))
    is_good = name == ("gzip" if coding == "gzip" else "plain")
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        found = await menta.get("/tickets?user=ana%40example.com")

    assert found.status_code == (200 if is_good else 502), found.text


GRAPHQL: Changes = {
    "source.0": {
        "name": "order",
        "post": "/orders",
        "graphql": {
            "query": "query ($m: String!) { o(m: $m) { id } }",
            "variables": {"m": "{user}"},
        },
        "each": "body.data.orders",
    },
    "upstream.breaker": {"failures": 10_000},
}
HIDING = [
    {"when": "optional(body.data.orders) == `null`", "then": "empty"},
    {"when": "optional(body.data) == `null`", "then": "unknown_user"},
    {"when": "length(as_list(optional(body.data.orders))) == `0`", "then": "empty"},
]
"""Rules that take data that is not there for a user who owns nothing."""
ERRORS: Sequence[Any] = [
    *("x", "", 0, 1, -0.0, True, False, {}, {"message": "x"}, {"0": {"message": "x"}}),
    *([None], [[]], [{}], [0], ["x"], [False], [{"message": None}], [{"message": "x"}], [[[]]]),
]
"""What stands in `errors` where something failed, or may have."""
FINE: Sequence[Any] = [None, []]


@pytest.mark.anyio
@pytest.mark.parametrize("rules", [[], *[[rule] for rule in HIDING]], ids=["", "a", "b", "c"])
async def test_odd_errors_of_graphql_are_errors(
    platform: FakePlatform, rules: list[dict[str, Any]]
) -> None:
    """Only null and an empty list say that nothing failed; a rule that looks at data hides nothing else."""
    changes = {**GRAPHQL, **({"source.0.responses": rules} if rules else {})}
    whole = json.loads(GOOD)
    datas: Sequence[Any] = [whole, None, {"orders": None}, {"orders": []}, {}]
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        for errors in ERRORS:
            for data in datas:
                platform.on("/orders", Reply(json={"data": data, "errors": errors}))
                found = await menta.get("/tickets?user=ana%40example.com")
                assert found.status_code == 502, (errors, data, found.text)
        for errors in FINE:
            platform.on("/orders", Reply(json={"data": whole, "errors": errors}))
            found = await menta.get("/tickets?user=ana%40example.com")
            assert [ticket["ticketId"] for ticket in found.json()["tickets"]] == ["1"]


@pytest.mark.anyio
@pytest.mark.parametrize("rules", [[], *[[rule] for rule in HIDING]], ids=["", "a", "b", "c"])
@pytest.mark.parametrize(
    "body",
    [b"[]", b"[{}]", b'[{"data":{"orders":[]}}]', b"null", b'"x"', b'""', b"0", b"true"],
)
async def test_a_graphql_answer_that_is_no_object_is_a_mismatch(
    platform: FakePlatform, rules: list[dict[str, Any]], body: bytes
) -> None:
    """A batch, a text or a number has no data and no errors, whatever `optional` makes of it."""
    platform.on("/orders", Reply(body=body))
    changes = {**GRAPHQL, **({"source.0.responses": rules} if rules else {})}
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        found = await menta.get("/tickets?user=ana%40example.com")

    assert found.json()["type"].endswith(":mapping-mismatch"), found.text


@pytest.mark.anyio
@pytest.mark.parametrize("data", ["null", '"x"', "0", "[]", "[[]]", "{}", '{"orders":null}', None])
async def test_graphql_data_that_is_not_there_is_no_empty_list(
    platform: FakePlatform, data: str | None
) -> None:
    """Without errors too: what the query asked for has to be there."""
    body = "{}" if data is None else f'{{"data":{data}}}'
    platform.on("/orders", Reply(body=body.encode()))
    async with serving(compile_mapping(spec_of(GRAPHQL, base_url=platform.url))) as menta:
        found = await menta.get("/tickets?user=ana%40example.com")

    assert found.json()["type"].endswith(":mapping-mismatch"), found.text


NUMBER: dict[str, Any] = {"type": "number"}
INTEGER: dict[str, Any] = {"type": "integer"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("written", "rule", "answered"),
    [
        ("1e400", NUMBER, None),
        ("-1e400", NUMBER, None),
        ("1e-400", NUMBER, "0"),
        ("-0", NUMBER, "0"),
        ("-0.0", NUMBER, "0"),
        ("-0", {"minimum": 0}, "0"),
        ("-0.0", {"exclusiveMinimum": 0}, None),
        ("1E2", NUMBER, "100"),
        ("1E2", INTEGER, "100"),
        ("1e2", {"maximum": 99}, None),
        ("1.5e0", INTEGER, None),
        ("1e-2", {"multipleOf": 0.01}, "0.01"),
        ("9007199254740993", NUMBER, "9007199254740993"),
        ("18446744073709551616", INTEGER, "18446744073709551616"),
        ("1" + "0" * 300, INTEGER, None),
        ("1" + "0" * 300, {"maximum": 10**299}, None),
        ("1" + "0" * 300, {"multipleOf": 7}, None),
        ("7" + "0" * 30, {"multipleOf": 7}, "7" + "0" * 30),
        (DIGITS, NUMBER, None),
        ("1e308", INTEGER, None),
        ("0.30000000000000004", {"multipleOf": 0.1}, None),
        ("0.3", {"multipleOf": 0.1}, "0.3"),
        ("19.99", {"multipleOf": 0.01}, "19.99"),
        ("19.999", {"multipleOf": 0.01}, None),
        ("0.1", {"minimum": 0.1}, "0.1"),
        ("0.09999999999999999", {"minimum": 0.1}, None),
        ("0.1000000000000000000000000001", {"maximum": 0.1}, "0.1"),
        ("9007199254740993", {"maximum": 9007199254740992}, None),
        ('"1e400"', NUMBER, None),
        ('"NaN"', NUMBER, None),
        ('"-0"', NUMBER, "0"),
        ("true", NUMBER, None),
    ],
)
async def test_odd_numbers_are_held_to_an_own_schema_or_refused(
    platform: FakePlatform, tmp_path: Path, written: str, rule: dict[str, Any], answered: str | None
) -> None:
    """What is answered is the number that the platform wrote, as a double has it, and keeps the rule."""
    ticket = {"properties": {"ticketId": {"type": "string"}, "amount": {**NUMBER, **rule}}}
    schema = {"type": "array", "items": {"type": "object", **ticket}}
    (tmp_path / "own.json").write_text(json.dumps(schema), "utf-8")
    changes: Changes = {
        "response": {"body": "tickets", "schema": "own.json"},
        "ticket.fields": {"ticketId": "item.id", "amount": "item.price"},
    }
    platform.on(
        "/orders", Reply(body=GOOD.replace(b'"price": 10', b'"price": ' + written.encode()))
    )
    spec = spec_of(changes, base_url=platform.url, folder=tmp_path)
    async with serving(compile_mapping(spec)) as menta:
        found = await menta.get("/tickets?user=ana%40example.com")

    if answered is None:
        assert found.status_code == 502, found.text
    else:
        assert found.status_code == 200, found.text
        (amount,) = (row["amount"] for row in json.loads(found.text, parse_float=Decimal))
        assert Decimal(amount) == Decimal(answered)


HEADERS = [
    "Retry-After",
    "Link",
    "Content-Type",
    "Content-Encoding",
    "Age",
    "Location",
    "X-Next",
    "Date",
]
PAGES: Changes = {"source.0.pages": {"link_header": True}, "upstream.breaker": {"failures": 10_000}}


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
async def test_no_header_is_an_internal_error(platform: FakePlatform, status: int) -> None:
    """Whatever a header of the platform says, the answer is a list or the platform's fault."""
    content = json.dumps(orders(order(item(1)))).encode()
    lines = [
        text.encode(errors="surrogateescape" if "\udcff" in text else "surrogatepass")
        for text in (
            *DATES,
            *NUMBERS,
            *URLS,
            *NAMES,
            "<http://[>;rel=next",
            f"text/x;charset={NAMES[0]}",
        )
    ]
    bad = [line for line in lines if not {0, 10, 13} & set(line)]
    async with serving(compile_mapping(spec_of(PAGES, base_url=platform.url))) as menta:
        for line in bad:
            fields = b"".join(b"%s: %s\r\n" % (name.encode(), line) for name in HEADERS)
            for name in (fields, *[b"%s: %s\r\n" % (name.encode(), line) for name in HEADERS[:2]]):
                head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n" % (
                    status,
                    len(content),
                    name,
                )
                platform.on("/orders", Reply(raw=head + content))
                found = await menta.get("/tickets?user=ana%40example.com")
                assert found.status_code in {200, 502, 503}, (line[:50], found.text)


def places(value: Any, above: str = "") -> list[str]:
    """The dotted path of each text of a document."""
    if isinstance(value, str):
        return [above[1:]]
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path for key, below in pairs for path in places(below, f"{above}.{key}")]


@pytest.mark.parametrize("place", places(mapping()))
def test_a_mapping_raises_its_own_error(place: str) -> None:
    """Whatever stands in a mapping, reading and compiling it gives a bridge or MappingError."""
    for value in VALUES:
        text = json.dumps(mapping({place: value}))
        try:
            compile_mapping(parse_mapping(text, file="acme.yaml", environment=environment()))
        except MappingError:
            continue


CASE = {
    "case": "one",
    "user": "ana@example.com",
    "now": "2026-11-24T12:00:00Z",
    "upstream": [{"get": "/orders", "status": 200, "headers": {"A": "b"}, "body_file": "x.json"}],
    "expect": {"tickets": []},
}


@pytest.mark.parametrize("place", places(CASE))
def test_cases_raise_their_own_error(place: str, tmp_path: Path) -> None:
    """Whatever stands in a cases file, reading it gives cases or CasesError."""
    (tmp_path / "x.json").write_text("{}", "utf-8")
    assert parse_cases(json.dumps([CASE]), file="acme.cases.yaml", folder=tmp_path).cases
    for value in VALUES:
        document = json.loads(json.dumps(CASE))
        *parents, last = place.split(".")
        target = document
        for name in parents:
            target = target[int(name)] if isinstance(target, list) else target[name]
        target[int(last) if isinstance(target, list) else last] = value
        try:
            spec = parse_cases(json.dumps([document]), file="acme.cases.yaml", folder=tmp_path)
        except CasesError:
            continue
        for case in spec.cases:
            if case.now is not None:
                case.now.astimezone(UTC)


@pytest.mark.parametrize("content", [b"[" * 100_000, DIGITS.encode(), b"\xff", b"\0", b""])
def test_a_file_of_a_case_raises_its_own_error(content: bytes, tmp_path: Path) -> None:
    """Whatever is in the file that a case names, reading it gives cases or CasesError."""
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(CasesError):
        parse_cases(json.dumps([CASE]), file="acme.cases.yaml", folder=tmp_path)


def test_drafts_raise_their_own_error(tmp_path: Path) -> None:
    """Whatever values are in samples, and whatever their keys are, there is a draft or SampleError."""
    file = tmp_path / "orders.json"
    values = [value for value in VALUES if not isinstance(value, str) or value.isprintable()]
    for start in range(0, len(values), 10):
        rows = [
            item(1, state=value, price=value, date=value, url=value, free=value)
            for value in values[start : start + 10]
        ]
        more = {"page": values[start], "next": values[start]}
        file.write_bytes(json.dumps(orders(order(*rows, **more))).encode())
        drafted(str(file))
    file.write_bytes(json.dumps(orders(order(item(1)))).encode())
    for text in (
        *(url for url in URLS if "\udcff" not in url),
        "/orders?page=²",
        f"/o?page={DIGITS}",
    ):
        drafted(f"{text}={file}", f"/orders?page=2={file}")


@pytest.mark.parametrize("name", ["openapi.yaml", "openapi.json"])
@pytest.mark.parametrize(
    "content", ["[" * 5000, f"openapi: {DIGITS}", "openapi: 3.0.0\nx: " + "9" * 30, "\0"]
)
def test_an_api_description_raises_its_own_error(name: str, content: str, tmp_path: Path) -> None:
    """Whatever stands in an OpenAPI file, a draft is made or SampleError is raised."""
    (tmp_path / name).write_text(content, "utf-8")
    drafted(str(tmp_path / name))
    drafted(f"{tmp_path}/a\0b.yaml")


def drafted(*arguments: str) -> None:
    """Draft from samples."""
    try:
        make_draft(arguments, "ana@example.com", "acme")
    except SampleError:
        return


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "WORKERS",
        "HOST",
        "GRACE",
        "KEEP_ALIVE",
        "MAX_CONCURRENCY",
        "MAX_CONNECTIONS",
        "TRUSTED_PROXIES",
        "LOG_LEVEL",
        "LOG_KEY",
    ],
)
def test_settings_raise_their_own_error(name: str) -> None:
    """Whatever a variable holds, it is a setting or SettingsError."""
    for text in (*TEXTS, *fuzzed()):
        try:
            settings_from({f"TICKETBRIDGE_{name}": text})
        except SettingsError:
            continue
