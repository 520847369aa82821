"""What foreign parsers raise for hostile input comes out as our own errors, and as nothing else.

Dates, URLs, addresses, numbers, zones, patterns, JSON, XML, gzip, charsets and YAML are read by code of
others. Each raises more kinds of errors than its documentation says; here are the inputs that do it.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import Changes, environment, item, mapping, order, orders, serving, spec_of
from ticketbridge.access import caller_address
from ticketbridge.authoring.cases.reader import CasesError, parse_cases
from ticketbridge.authoring.draft.command import draft
from ticketbridge.authoring.samples import SampleError
from ticketbridge.bridge import compile_mapping
from ticketbridge.jmes import EvaluationError, compile_expression
from ticketbridge.mapping import MappingError, parse_mapping
from ticketbridge.redaction import mask_emails, mask_words, origin_and_path
from ticketbridge.settings import SettingsError, settings_from
from ticketbridge.upstream.answer import seconds_to_wait
from ticketbridge.upstream.formats import charset_of, read_json
from ticketbridge.upstream.link_header import LinkHeaderError, next_link
from ticketbridge.upstream.messages import PlatformAnswer
from ticketbridge.upstream.next_url import NextUrlError, next_url
from ticketbridge.upstream.requests import FirstRequest

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
    ("a peer", lambda text: caller_address(text, [], ()), ()),
    (
        "JSON",
        lambda text: read_json(answer(text.encode(errors="surrogatepass")), any_content_type=False),
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
    for text in (*TEXTS, *fuzzed()):
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
@pytest.mark.parametrize("form", ["json", {"xml": {"lists": ["r/o"]}}], ids=["json", "xml"])
async def test_no_body_is_an_internal_error(
    platform: FakePlatform, body: bytes, form: object
) -> None:
    """Whatever bytes the platform sends, as they are or as gzip, the answer names the platform's fault."""
    media_type = "application/json" if form == "json" else "application/xml"
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
        draft(arguments, "ana@example.com", "acme")
    except SampleError:
        return


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "WORKERS",
        "HOST",
        "GRACE",
        "MAX_CONCURRENCY",
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
