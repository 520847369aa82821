# ruff: noqa: E501 - a row is a line, however long
# fmt: off
"""What a platform may do wrong, and what menta tech is then answered: one row a fault.

A row's name is followed by what comes over the wire and by the answer: a problem, or exactly these
tickets, where the fault is none. `test_faults` runs each row over real sockets.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.fake_platform import CLOSE, HANG, RESET, Pause, Reply, Seen
from tests.faults import words
from tests.faults.fault import (
    ASKED,
    AUTH,
    BEA,
    BEAS,
    ERROR,
    MISMATCH,
    NONE,
    ONE,
    TIMEOUT,
    UNAVAILABLE,
    UNREADABLE,
    WELL,
    Expected,
    Fault,
    Greeting,
    Routes,
    Rows,
    Tickets,
    later,
    replies_of,
    section,
    ticket,
    tickets,
)
from tests.faults.wire import (
    BODY,
    CHUNKED,
    GOOD,
    LENGTH,
    STOLEN,
    answer,
    body,
    chunk,
    chunks,
    dripped,
    encoded,
    head,
    items,
    members,
    ok,
    page,
    raw_deflate,
    sends,
    spoilt,
    text,
    typed,
)
from tests.support import USER, Changes, item, order, orders

# --- connections ------------------------------------------------------------------------------------

CONNECTION: Rows = {
    "closed when it is made": (Greeting((CLOSE,)), UNAVAILABLE),
    "reset when it is made": (Greeting((RESET,)), UNAVAILABLE),
    "closed without a word": (sends(CLOSE), UNAVAILABLE),
    "reset without a word": (sends(RESET), UNAVAILABLE),
    "silence": (sends(HANG), TIMEOUT),
    "cut in the status line": (sends(b"HTTP/1.1 20", CLOSE), UNAVAILABLE),
    "cut in the head": (sends(head(LENGTH)[:-2], CLOSE), UNAVAILABLE),
    "reset in the head": (sends(head(LENGTH)[:-2], Pause(0.02), RESET), UNAVAILABLE),
    "silence in the head": (sends(head(LENGTH)[:-2], HANG), TIMEOUT),
    "cut before the body": (sends(head(LENGTH), CLOSE), UNREADABLE),
    "cut in the body": (sends(ok(LENGTH)[:-1], CLOSE), UNREADABLE),
    "reset in the body": (sends(ok(LENGTH)[:-9], Pause(0.02), RESET), UNREADABLE),
    "silence before the body": (sends(head(LENGTH), HANG), TIMEOUT),
    "silence in the body": (sends(ok(LENGTH)[:-1], HANG), TIMEOUT),
    "dripped, in time": (sends(*dripped(ok(LENGTH), 2)), ONE),
    "dripped, for ever": (sends(*dripped(ok(LENGTH), 1, 0.01)), TIMEOUT),
    "reset after the answer": (sends(ok(LENGTH), Pause(0.02), RESET), ONE),
    "closed after the answer": (sends(ok(LENGTH), CLOSE), ONE),
    "closed a little after the answer": (sends(ok(LENGTH), Pause(0.02), CLOSE), ONE),
    "down, then up": ((sends(CLOSE), sends(RESET), Reply(json=GOOD)), UNAVAILABLE),
}

FLAPPING: Rows = {
    "closed once": ((sends(CLOSE), Reply(json=GOOD)), ONE),
    "reset once": ((sends(RESET), Reply(json=GOOD)), ONE),
    "cut twice": ((*[sends(ok(LENGTH)[:-1], CLOSE)] * 2, Reply(json=GOOD)), ONE),
    "503 twice": ((*[Reply(503)] * 2, Reply(json=GOOD)), ONE),
    "503, cut, 504": ((Reply(503), sends(ok(LENGTH)[:-1], CLOSE), Reply(504), Reply(json=GOOD)), ERROR),
    "an empty list with 502, then the truth": ((Reply(502, json=orders()), Reply(json=GOOD)), ONE),
    "a page of HTML once": ((Reply(body=b"<h1>", content_type="text/html"), Reply(json=GOOD)), UNREADABLE),
    "500 once": ((Reply(500), Reply(json=GOOD)), ERROR),
    "429 once": ((Reply(429), Reply(json=GOOD)), UNAVAILABLE),
    "404 once": ((Reply(404), Reply(json=GOOD)), ERROR),
}
"""With `retries: 2`."""

OTHER_PROTOCOLS: Rows = {
    "HTTP/0.9": (sends(BODY, CLOSE), UNREADABLE),
    "HTTP/2 settings": (sends(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0\x40\0", CLOSE), UNREADABLE),
    "HTTP/2 preface": (sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CLOSE), UNREADABLE),
    "a TLS alert": (sends(b"\x15\x03\x01\0\x02\x02\x50", CLOSE), UNREADABLE),
    "a TLS hello": (sends(b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03" + bytes(range(116)), CLOSE), UNREADABLE),
    "a request": (sends(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", CLOSE), UNREADABLE),
    "binary": (sends(bytes(range(256)) * 8, CLOSE), UNREADABLE),
    "SSH": (sends(b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE), UNREADABLE),
    "SMTP": (sends(b"220 mail ESMTP\r\n", CLOSE), UNREADABLE),
    "ICY": (sends(ok(LENGTH, status="ICY 200 OK"), CLOSE), UNREADABLE),
    "http in small letters": (sends(ok(LENGTH, status="http/1.1 200 OK"), CLOSE), UNREADABLE),
    "no version": (sends(ok(LENGTH, status="HTTP 200 OK"), CLOSE), UNREADABLE),
    "version 9.9": (sends(ok(LENGTH, status="HTTP/9.9 200 OK"), CLOSE), UNREADABLE),
    "status of two digits": (sends(ok(LENGTH, status="HTTP/1.1 20 OK"), CLOSE), UNREADABLE),
    "status of four digits": (sends(ok(LENGTH, status="HTTP/1.1 2000 OK"), CLOSE), UNREADABLE),
    "status with a letter": (sends(ok(LENGTH, status="HTTP/1.1 20O OK"), CLOSE), UNREADABLE),
    "negative status": (sends(ok(LENGTH, status="HTTP/1.1 -200 OK"), CLOSE), UNREADABLE),
    "no status": (sends(ok(LENGTH, status="HTTP/1.1"), CLOSE), UNREADABLE),
    "no reason": (sends(ok(LENGTH, status="HTTP/1.1 200")), ONE),
    "HTTP/1.0 with a length": (sends(ok(LENGTH, status="HTTP/1.0 200 OK"), CLOSE), ONE),
    "HTTP/1.0 with a length, left open": (sends(ok(LENGTH, status="HTTP/1.0 200 OK")), ONE),
    "HTTP/1.0 that keeps the connection": (sends(ok(LENGTH, "Connection: keep-alive", status="HTTP/1.0 200 OK")), ONE),
    "line feeds alone": (sends(ok(LENGTH).replace(b"\r\n", b"\n")), ONE),
    "carriage returns alone": (sends(ok(LENGTH).replace(b"\r\n", b"\r"), CLOSE), UNREADABLE),
}

# --- framing ----------------------------------------------------------------------------------------

LENGTHS: Rows = {
    "too short": (sends(ok(f"Content-Length: {len(BODY) - 1}")), UNREADABLE),
    "too short by the line's end": (sends(ok(LENGTH) + b"\n"), ONE),
    "zero": (sends(ok("Content-Length: 0")), UNREADABLE),
    "too long, closed": (sends(ok(f"Content-Length: {len(BODY) + 1}"), CLOSE), UNREADABLE),
    "too long, open": (sends(ok(f"Content-Length: {len(BODY) + 1}"), HANG), TIMEOUT),
    "twice": (sends(ok(LENGTH, LENGTH), CLOSE), UNREADABLE),
    "twice, the shorter first": (sends(ok("Content-Length: 2", LENGTH), CLOSE), UNREADABLE),
    "twice, the longer first": (sends(ok(LENGTH, "Content-Length: 2"), CLOSE), UNREADABLE),
    "a list": (sends(ok(f"{LENGTH}, {len(BODY)}"), CLOSE), UNREADABLE),
    "negative": (sends(ok(f"Content-Length: -{len(BODY)}"), CLOSE), UNREADABLE),
    "with a plus": (sends(ok(f"Content-Length: +{len(BODY)}"), CLOSE), UNREADABLE),
    "hexadecimal": (sends(ok(f"Content-Length: {len(BODY):#x}"), CLOSE), UNREADABLE),
    "a fraction": (sends(ok(f"{LENGTH}.0"), CLOSE), UNREADABLE),
    "with an underscore": (sends(ok("Content-Length: 1_0"), CLOSE), UNREADABLE),
    "a word": (sends(ok("Content-Length: all"), CLOSE), UNREADABLE),
    "empty": (sends(ok("Content-Length:"), CLOSE), UNREADABLE),
    "with leading zeros": (sends(ok(f"Content-Length: 000{len(BODY)}")), ONE),
    "past 64 bits": (sends(ok(f"Content-Length: {2**64 + len(BODY)}"), CLOSE), UNREADABLE),
    "of an exabyte": (sends(ok("Content-Length: 1000000000000000000"), HANG), UNREADABLE),
    "beside chunks": (sends(head(LENGTH, CHUNKED) + chunk(BODY) + chunk(b""), CLOSE), UNREADABLE),
    "beside chunks that it cuts": (sends(head("Content-Length: 2", CHUNKED) + chunk(BODY) + chunk(b""), CLOSE), UNREADABLE),
    "none, closed at the end": (sends(ok(), CLOSE), ONE),
    "none, closed before the end": (sends(ok()[:-1], CLOSE), UNREADABLE),
    "none, closed before the body": (sends(head(), CLOSE), UNREADABLE),
    "none, reset before the end": (sends(ok()[:-1], Pause(0.02), RESET), UNREADABLE),
    "none, open": (sends(ok(), HANG), TIMEOUT),
    "none, HTTP/1.0, closed at the end": (sends(ok(status="HTTP/1.0 200 OK"), CLOSE), ONE),
    "none, HTTP/1.0, closed before the end": (sends(ok(status="HTTP/1.0 200 OK")[:-2], CLOSE), UNREADABLE),
}

CHUNKS: Rows = {
    "one": (sends(head(CHUNKED) + chunk(BODY) + chunk(b"")), ONE),
    "one a byte": (sends(head(CHUNKED) + b"".join(chunk(BODY[at : at + 1]) for at in range(len(BODY))) + chunk(b"")), ONE),
    "dripped": (sends(*dripped(head(CHUNKED) + chunk(BODY) + chunk(b""), 3)), ONE),
    "with leading zeros": (chunks(chunk(BODY, f"0000{len(BODY):X}"), chunk(b"")), ONE),
    "with an extension": (chunks(chunk(BODY, f'{len(BODY):x};a="b"'), chunk(b"")), ONE),
    "with an extension of 1 MB": (chunks(chunk(BODY, f"{len(BODY):x};a={'b' * 1_000_000}"), chunk(b"")), UNREADABLE),
    "with trailers": (chunks(chunk(BODY), b"0\r\nX-Sum: 1\r\nContent-Type: text/html\r\n\r\n"), ONE),
    "with a length in a trailer": (chunks(chunk(BODY), b"0\r\nContent-Length: 1\r\n\r\n"), UNREADABLE),
    "with 10,000 trailers": (chunks(chunk(BODY), b"0\r\n", b"X: y\r\n" * 10_000, b"\r\n"), UNREADABLE),
    "with a trailer for ever": (sends(head(CHUNKED) + chunk(BODY) + b"0\r\nX: ", *[b"x" * 50_000] * 20, HANG), UNREADABLE),
    "with the name of a trailer for ever": (sends(head(CHUNKED) + chunk(BODY) + b"0\r\n", *[b"x" * 50_000] * 20, HANG), UNREADABLE),
    "with a size for ever": (sends(head(CHUNKED) + chunk(BODY), *[b"0" * 50_000] * 20, HANG), UNREADABLE),
    "without the last": (chunks(chunk(BODY)), UNREADABLE),
    "without the last, open": (sends(head(CHUNKED) + chunk(BODY), HANG), TIMEOUT),
    "without the last line's end": (chunks(chunk(BODY), b"0\r\n"), UNREADABLE),
    "cut in one": (chunks(chunk(BODY)[:-9]), UNREADABLE),
    "cut in a size": (chunks(chunk(BODY[:9]), b"1"), UNREADABLE),
    "none": (chunks(), UNREADABLE),
    "the last alone": (chunks(chunk(b"")), UNREADABLE),
    "size too small": (chunks(chunk(BODY, "5"), chunk(b"")), UNREADABLE),
    "size too large": (chunks(chunk(BODY, f"{len(BODY) + 40:x}"), chunk(b"")), UNREADABLE),
    "size that is none": (chunks(chunk(BODY, "zz"), chunk(b"")), UNREADABLE),
    "size with 0x": (chunks(chunk(BODY, f"0x{len(BODY):x}"), chunk(b"")), UNREADABLE),
    "size with a minus": (chunks(chunk(BODY, f"-{len(BODY):x}"), chunk(b"")), UNREADABLE),
    "size with a plus": (chunks(chunk(BODY, f"+{len(BODY):x}"), chunk(b"")), UNREADABLE),
    "empty size": (chunks(chunk(BODY, " "), chunk(b"")), UNREADABLE),
    "size past 64 bits": (chunks(chunk(BODY, f"1{len(BODY):016x}"), chunk(b"")), UNREADABLE),
    "no line's end after one": (chunks(chunk(BODY[:9])[:-2], chunk(BODY[9:]), chunk(b"")), UNREADABLE),
    "not chunked at all": (sends(ok(CHUNKED), CLOSE), UNREADABLE),
    "chunked, and HTTP/1.0": (sends(head(CHUNKED, status="HTTP/1.0 200 OK") + chunk(BODY) + chunk(b""), CLOSE), ONE),
}

_TRANSFER_ENCODINGS: Sequence[tuple[str, Sequence[str], Expected]] = [
    (": CHUNKED", (), ONE),
    (": chunked, chunked", (), UNREADABLE),
    (": identity", (), UNREADABLE),
    (": gzip", (), UNREADABLE),
    (": gzip, chunked", (), UNREADABLE),
    (": chunked, gzip", (), UNREADABLE),
    (": chunked, identity", (), UNREADABLE),
    (": xchunked", (), UNREADABLE),
    (": chunkedfoo", (), UNREADABLE),
    (": cow", (), UNREADABLE),
    (":", (), UNREADABLE),
    (" : chunked", (), ONE),
    (": chunked", ("Transfer-Encoding: identity",), UNREADABLE),
    (": chunked", ("Transfer-Encoding: cow", LENGTH), UNREADABLE),
    (":\x0bchunked", (), UNREADABLE),
    (": chunked\x00", (), UNREADABLE),
    (": identity", (LENGTH,), UNREADABLE),
    (": xchunked", (LENGTH,), UNREADABLE),
]
TRANSFER_ENCODINGS: Rows = {
    " + ".join((repr(name), *more)): (sends(head(f"Transfer-Encoding{name}", *more) + chunk(BODY) + chunk(b""), CLOSE), expected)
    for name, more, expected in _TRANSFER_ENCODINGS
}
"""Chunks under other names: a peer that reads them otherwise must not end up with another answer."""

LEFT_OVER: Rows = {
    "a second answer": (sends(ok(LENGTH) + answer(STOLEN)), ONE),
    "a second answer, after a while": (sends(ok(LENGTH), Pause(0.03), answer(STOLEN)), ONE),
    "half a second answer": (sends(ok(LENGTH) + answer(STOLEN)[:40]), ONE),
    "half a second answer, after a while": (sends(ok(LENGTH), Pause(0.03), answer(STOLEN)[:40]), ONE),
    "all but the second answer's end, after a while": (sends(ok(LENGTH), Pause(0.03), answer(STOLEN)[:-1]), ONE),
    "an early hint, after a while": (sends(ok(LENGTH), Pause(0.03), b"HTTP/1.1 103 x\r\n\r\n"), ONE),
    "a timeout, after a while": (sends(ok(LENGTH), Pause(0.03), head("Content-Length: 0", status="HTTP/1.1 408 x"), CLOSE), ONE),
    "a second answer to chunks": (sends(head(CHUNKED) + chunk(BODY) + chunk(b"") + answer(STOLEN)), ONE),
    "a second answer in the last chunk": (sends(head(CHUNKED) + chunk(BODY) + chunk(answer(STOLEN)) + chunk(b"")), UNREADABLE),
    "a body after 204": (sends(head(status="HTTP/1.1 204 x") + answer(STOLEN)), UNREADABLE),
    "a body after 304": (sends(head(status="HTTP/1.1 304 x") + answer(STOLEN)), ERROR),
    "a body after an error": (sends(head("Content-Length: 0", status="HTTP/1.1 500 x") + answer(STOLEN)), ERROR),
    "noise": (sends(ok(LENGTH) + b"\xff\0\xff"), UNREADABLE),
    "noise, after a while": (sends(ok(LENGTH), Pause(0.03), b"\xff\0\xff"), ONE),
    "a line's end, after a while": (sends(ok(LENGTH), Pause(0.03), b"\r\n"), ONE),
    "a close that is said and not done": (sends(ok(LENGTH, "Connection: close")), ONE),
    "a close between two requests": (sends(ok(LENGTH), Pause(0.03), CLOSE), ONE),
    "a reset between two requests": (sends(ok(LENGTH), Pause(0.03), RESET), ONE),
}
"""What comes after an answer is never the next user's."""

INFORMATIONAL: Rows = {
    "100": (sends(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(LENGTH)), ONE),
    "102": (sends(b"HTTP/1.1 102 Processing\r\n\r\n", Pause(0.02), ok(LENGTH)), ONE),
    "103": (sends(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + ok(LENGTH)), ONE),
    "199": (sends(b"HTTP/1.1 199 Odd\r\n\r\n" + ok(LENGTH)), ONE),
    "103 fifty times": (sends(b"HTTP/1.1 103 x\r\nLink: </a.css>\r\n\r\n" * 50 + ok(LENGTH)), ONE),
    "103 at once for ever": (sends(*[b"HTTP/1.1 103 x\r\n\r\n" * 3_000] * 20, HANG), UNREADABLE),
    "103 for ever": (sends(*dripped(b"HTTP/1.1 103 x\r\n\r\n" * 60, 18, 0.01)), TIMEOUT),
    "103 alone": (sends(b"HTTP/1.1 103 x\r\n\r\n", CLOSE), UNAVAILABLE),
    "103 before an error": (sends(b"HTTP/1.1 103 x\r\n\r\n" + head("Content-Length: 0", status="HTTP/1.1 500 x")), ERROR),
    "100 with a length": (sends(b"HTTP/1.1 100 x\r\nContent-Length: 5\r\n\r\n" + ok(LENGTH)), ONE),
    "101": (sends(b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + BODY, CLOSE), UNREADABLE),
    "101 that upgrades nothing": (sends(b"HTTP/1.1 101 x\r\n\r\n" + ok(LENGTH), CLOSE), UNREADABLE),
}

# --- heads ------------------------------------------------------------------------------------------

HEADERS: Rows = {
    "a line of 1 MB": (sends(ok(LENGTH, "X: " + "x" * 1_000_000), CLOSE), UNREADABLE),
    "a name of 1 MB": (sends(ok(LENGTH, "x" * 1_000_000 + ": x"), CLOSE), UNREADABLE),
    "10,000": (sends(ok(LENGTH, *["X: y"] * 10_000), CLOSE), UNREADABLE),
    "10,000 cookies": (sends(ok(LENGTH, *["Set-Cookie: a=b"] * 10_000), CLOSE), UNREADABLE),
    "a reason of 1 MB": (sends(ok(LENGTH, status="HTTP/1.1 200 " + "x" * 1_000_000), CLOSE), UNREADABLE),
    "100": (sends(ok(LENGTH, *[f"X-{number}: y" for number in range(100)])), ONE),
    "one of 8,000 characters": (sends(ok(LENGTH, "X: " + "x" * 8_000)), ONE),
    "no colon": (sends(ok(LENGTH, "nonsense"), CLOSE), UNREADABLE),
    "no name": (sends(ok(LENGTH, ": x"), CLOSE), UNREADABLE),
    "a blank in a name": (sends(ok(LENGTH, "X Y: z"), CLOSE), UNREADABLE),
    "a line for ever": (sends(head(LENGTH)[:-2] + b"X: ", *[b"x" * 50_000] * 20, HANG), UNREADABLE),
    "a blank before the colon": (sends(ok(LENGTH, "X : z"), CLOSE), UNREADABLE),
    "a NUL in a name": (sends(ok(LENGTH, "X\0Y: z"), CLOSE), UNREADABLE),
    "a NUL in a value": (sends(ok(LENGTH, "X: y\0z"), CLOSE), UNREADABLE),
    "a carriage return in a value": (sends(ok(LENGTH, "X: y\rz"), CLOSE), UNREADABLE),
    "a control character in a value": (sends(ok(LENGTH, "X: y\x01z")), ONE),
    "letters beyond ASCII": (sends(ok(LENGTH, "X: \xe9\xff")), ONE),
    "an empty value": (sends(ok(LENGTH, "X:")), ONE),
    "a folded line": (sends(ok(LENGTH, "X: y\r\n z")), ONE),
    "a fold before the first": (sends(head(" X: y", LENGTH, json_type=False) + BODY, CLOSE), UNREADABLE),
    "a cookie": (sends(ok(LENGTH, "Set-Cookie: session=ana; Path=/")), ONE),
    "another place": (sends(ok(LENGTH, "Location: /other", "Refresh: 0; url=/other")), ONE),
    "an upgrade on offer": (sends(ok(LENGTH, "Upgrade: h2c", "Connection: Upgrade")), ONE),
    "a range": (sends(ok(LENGTH, "Content-Range: bytes 0-9/99")), ONE),
    "a trailer to come": (sends(ok(LENGTH, "Trailer: X")), ONE),
}

CONTENT_TYPES: Rows = {
    "twice the same": (typed("application/json", "application/json"), UNREADABLE),
    "JSON and HTML": (typed("application/json", "text/html"), UNREADABLE),
    "HTML and JSON": (typed("text/html", "application/json"), UNREADABLE),
    "a list": (typed("application/json, text/html"), UNREADABLE),
    "none": (typed(), UNREADABLE),
    "empty": (typed(""), UNREADABLE),
    "HTML": (typed("text/html; charset=utf-8"), UNREADABLE),
    "text": (typed("text/plain"), UNREADABLE),
    "bytes": (typed("application/octet-stream"), UNREADABLE),
    "JSONP": (typed("application/jsonp"), UNREADABLE),
    "lines of JSON": (typed("application/x-ndjson"), UNREADABLE),
    "a sequence of JSON": (typed("application/json-seq"), UNREADABLE),
    "more than JSON": (typed("application/jsonx"), UNREADABLE),
    "JSON in a parameter": (typed("text/html; x=application/json"), UNREADABLE),
    "multipart": (typed("multipart/mixed; boundary=x"), UNREADABLE),
    "folded": (typed("application/json;\r\n charset=utf-8"), ONE),
    "capitals": (typed("APPLICATION/JSON;CHARSET=UTF-8"), ONE),
    "a kind of JSON": (typed("application/vnd.acme.v2+json"), ONE),
}

# --- statuses ---------------------------------------------------------------------------------------

STATUSES: Rows = {
    f"{status}": (Reply(status, json=GOOD, headers=headers), expected)
    for expected, statuses, headers in [
        (ERROR, (201, 202, 203, 205, 206, 207, 208, 226, 299), {}),
        (ERROR, (300, 305, 306), {}),
        (ERROR, (301, 302, 303, 307, 308), {"Location": "/login"}),
        (AUTH, (401, 403), {}),
        (ERROR, (400, 402, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415), {}),
        (ERROR, (416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 431, 451, 499), {}),
        (UNAVAILABLE, (429,), {}),
        (ERROR, (*range(500, 512), 520, 521, 522, 523, 524, 525, 530, 598, 599), {}),
        (ERROR, (600, 999), {}),
    ]
    for status in statuses
} | {
    "204": (Reply(204, body=b"", content_type=None), UNREADABLE),
    "204 with a length": (sends(head("Content-Length: 5", status="HTTP/1.1 204 x")), UNREADABLE),
    "205 without a body": (Reply(205, body=b""), ERROR),
    "206 of a part": (Reply(206, body=BODY[:20], headers={"Content-Range": "bytes 0-19/99"}), ERROR),
    "200 without a body": (Reply(body=b""), UNREADABLE),
    "301 without a place": (Reply(301, json=GOOD), ERROR),
    "302 to itself": (Reply(302, headers={"Location": "/orders"}), ERROR),
    "302 to nowhere": (Reply(302, headers={"Location": "http://[::1"}), ERROR),
    "302 to another host": (Reply(302, headers={"Location": "{other}/orders"}), ERROR),
    "302 to a file": (Reply(302, headers={"Location": "file:///etc/passwd"}), ERROR),
    "303 to a login": (Reply(303, body=b"", headers={"Location": "https://login.example/"}), ERROR),
    "304 with a body": (Reply(304, json=GOOD), UNREADABLE),
    "304 without a body": (sends(head(status="HTTP/1.1 304 Not Modified")), ERROR),
    "401 with a challenge": (Reply(401, headers={"WWW-Authenticate": "Bearer"}), AUTH),
    "403 with an empty list": (Reply(403, json=orders()), AUTH),
    "404 with an empty list": (Reply(404, json=orders()), ERROR),
    "500 with an empty list": (Reply(500, json=orders()), ERROR),
    "500 without a body": (Reply(500, body=b"", content_type=None), ERROR),
    "500, cut": (Reply(500, json=GOOD, cut=9), UNREADABLE),
    "099": (sends(ok(LENGTH, status="HTTP/1.1 099 x"), CLOSE), ERROR),
    "000": (sends(ok(LENGTH, status="HTTP/1.1 000 x"), CLOSE), ERROR),
}
"""The body of an error is not looked at, however good it is."""

RETRY_AFTER: Rows = {
    f"{status}: {value}"[:40]: (Reply(status, headers={"Retry-After": value}), expected)
    for status, value, expected in [
        (429, "30", later(30)),
        (429, "0", later(1)),
        (429, "-30", later(1)),
        (429, "soon", later(1)),
        (429, "1.5", later(2)),
        (429, "", later(1)),
        (429, "\xb2", later(1)),
        (429, "9" * 400, later(3600)),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", later(1)),
        (429, "Wed, 21 Oct 2099 07:28:00 GMT", later(3600)),
        (429, "Wed, 99 Foo 2099 99:99:99 GMT", later(1)),
        (429, "Wed, 21 Oct 99999 07:28:00 GMT", later(1)),
        (503, "7", later(7)),
        (503, "soon", later(1)),
        (500, "7", ERROR),
        (302, "7", ERROR),
    ]
}

# --- encodings --------------------------------------------------------------------------------------

GZIPPED = gzip.compress(BODY)
ENCODINGS: Rows = {
    "gzip": (encoded("gzip", GZIPPED), ONE),
    "GZIP": (encoded("GZIP", GZIPPED), ONE),
    "x-gzip": (encoded("x-gzip", GZIPPED), ONE),
    "identity": (encoded("identity", BODY), ONE),
    "nothing": (encoded("", BODY), ONE),
    "gzip in two members": (encoded("gzip", members(BODY[:30], BODY[30:])), ONE),
    "gzip with an empty member": (encoded("gzip", members(BODY[:30], b"", BODY[30:])), ONE),
    "gzip of a member a byte": (encoded("gzip", members(*[BODY[at : at + 1] for at in range(len(BODY))])), ONE),
    "gzip that stores": (encoded("gzip", gzip.compress(BODY, 0)), ONE),
    "gzip, dripped": (sends(*dripped(answer(GZIPPED, "Content-Encoding: gzip"), 1)), ONE),
    "gzip in chunks": (sends(head(CHUNKED, "Content-Encoding: gzip") + chunk(GZIPPED[:20]) + chunk(GZIPPED[20:]) + chunk(b"")), ONE),
    "gzip, closed at its end": (sends(ok("Content-Encoding: gzip", body=GZIPPED), CLOSE), ONE),
    "gzip, closed before its end": (sends(ok("Content-Encoding: gzip", body=GZIPPED[:-1]), CLOSE), UNREADABLE),
    "gzip, closed between members": (sends(ok("Content-Encoding: gzip", body=gzip.compress(BODY[:30])), CLOSE), UNREADABLE),
    "gzip without its checksum": (encoded("gzip", GZIPPED[:-8]), UNREADABLE),
    "gzip without half its length": (encoded("gzip", GZIPPED[:-2]), UNREADABLE),
    "gzip's head alone": (encoded("gzip", GZIPPED[:10]), UNREADABLE),
    "gzip of a wrong checksum": (encoded("gzip", spoilt(GZIPPED, -8)), UNREADABLE),
    "gzip of a wrong length": (encoded("gzip", spoilt(GZIPPED, -4)), UNREADABLE),
    "gzip of a wrong byte": (encoded("gzip", spoilt(GZIPPED, 20)), UNREADABLE),
    "gzip with noise after it": (encoded("gzip", GZIPPED + b"noise"), UNREADABLE),
    "gzip with zeros after it": (encoded("gzip", GZIPPED + bytes(8)), UNREADABLE),
    "gzip whose second member is cut": (encoded("gzip", GZIPPED + gzip.compress(b"  ")[:-1]), UNREADABLE),
    "gzip of nothing": (encoded("gzip", gzip.compress(b"")), UNREADABLE),
    "gzip without a byte": (encoded("gzip", b""), UNREADABLE),
    "gzip that is none": (encoded("gzip", BODY), UNREADABLE),
    "gzip that is deflate": (encoded("gzip", zlib.compress(BODY)), UNREADABLE),
    "gzip in gzip": (encoded("gzip", gzip.compress(GZIPPED)), UNREADABLE),
    "gzip twice": (encoded("gzip, gzip", gzip.compress(GZIPPED)), UNREADABLE),
    "gzip that is not said": (body(GZIPPED), UNREADABLE),
    "deflate": (encoded("deflate", zlib.compress(BODY)), UNREADABLE),
    "raw deflate": (encoded("deflate", raw_deflate(BODY)), UNREADABLE),
    "br": (encoded("br", b"\x0b\x02\x80{}\x03"), UNREADABLE),
    "zstd": (encoded("zstd", b"(\xb5/\xfd \x02\x11\0\0{}"), UNREADABLE),
    "compress": (encoded("compress", b"\x1f\x9d\x90"), UNREADABLE),
    "br that is JSON": (encoded("br", BODY), UNREADABLE),
    "gzip and br": (encoded("gzip, br", GZIPPED), UNREADABLE),
    "gzip and identity": (encoded("gzip, identity", GZIPPED), UNREADABLE),
    "one that nobody knows": (encoded("cow", BODY), UNREADABLE),
    "gzip said twice": (sends(answer(GZIPPED, "Content-Encoding: gzip", "Content-Encoding: gzip")), UNREADABLE),
}

SIZES: Rows = {
    "within the limit": (body(BODY + b" " * 900_000), ONE),
    "over the limit, as said": (sends(head("Content-Length: 2000000"), HANG), UNREADABLE),
    "over the limit, in chunks": (chunks(chunk(BODY + b" " * 1_500_000), chunk(b"")), UNREADABLE),
    "over the limit, without a length": (sends(ok(body=BODY + b" " * 1_500_000), CLOSE), UNREADABLE),
    "over the limit, compressed": (encoded("gzip", gzip.compress(BODY + b" " * 1_500_000)), UNREADABLE),
    "a bomb": (encoded("gzip", gzip.compress(bytes(30_000_000))), UNREADABLE),
    "a bomb in members": (encoded("gzip", gzip.compress(bytes(100_000)) * 300), UNREADABLE),
    "a bomb of empty members": (encoded("gzip", gzip.compress(b"") * 60_000), UNREADABLE),
    "a bomb that says it is small": (sends(ok("Content-Encoding: gzip", "Content-Length: 9000", body=gzip.compress(bytes(9_000_000))[:9000])), UNREADABLE),
    "an error page over the limit": (Reply(500, body=b" " * 1_500_000), UNREADABLE),
    "300,000 empty objects": (body(b"[" + b"{}," * 300_000 + b"{}]"), MISMATCH),
    "many lists": (body(b"[" + b"[[]]," * 199_000 + b"[]]"), MISMATCH),
}
"""With `max_body: 1MB`."""

# --- documents --------------------------------------------------------------------------------------

PLAIN = json.dumps(GOOD)
JSON: Rows = {
    "nothing": (text(""), UNREADABLE),
    "blanks": (text(" \r\n\t"), UNREADABLE),
    "blanks around it": (text(f"\r\n\t {PLAIN} \n"), ONE),
    "a form feed before it": (text(f"\f{PLAIN}"), UNREADABLE),
    "a BOM": (body(b"\xef\xbb\xbf" + BODY), ONE),
    "two BOMs": (body(b"\xef\xbb\xbf" * 2 + BODY), UNREADABLE),
    "half a BOM": (body(b"\xef\xbb" + BODY), UNREADABLE),
    "a BOM alone": (body(b"\xef\xbb\xbf"), UNREADABLE),
    "UTF-16": (body(PLAIN.encode("utf-16")), UNREADABLE),
    "UTF-16 without a BOM": (body(PLAIN.encode("utf-16-le")), UNREADABLE),
    "UTF-32": (body(PLAIN.encode("utf-32")), UNREADABLE),
    "Latin-1": (body(PLAIN.replace("fest", "f\xeat\xe9").encode("latin-1")), UNREADABLE),
    "no UTF-8 where nobody looks": (body(BODY[:-1] + b', "x": "\xff"}'), UNREADABLE),
    "no UTF-8 in a name": (body(BODY[:-1] + b', "\xff": 1}'), UNREADABLE),
    "UTF-8 that is too long": (body(BODY[:-1] + b', "x": "\xc0\xaf"}'), UNREADABLE),
    "half a character in UTF-8": (body(BODY[:-1] + b', "x": "\xed\xa0\x80"}'), UNREADABLE),
    "a character beyond Unicode": (body(BODY[:-1] + b', "x": "\xf4\x90\x80\x80"}'), UNREADABLE),
    "half a character, escaped": (text(PLAIN[:-1] + r', "x": "\ud800"}'), UNREADABLE),
    "the other half": (text(PLAIN[:-1] + r', "x": "\udc00"}'), UNREADABLE),
    "halves in the wrong order": (text(PLAIN[:-1] + r', "x": "\udc00\ud800"}'), UNREADABLE),
    "half a character in a name": (text(PLAIN[:-1] + r', "\ud800": 1}'), UNREADABLE),
    "a whole character, escaped": (text(PLAIN[:-1] + r', "x": "\ud83c\udfab"}'), ONE),
    "a line break in a text": (text(PLAIN[:-1] + ', "x": "a\nb"}'), UNREADABLE),
    "a NUL in a text": (text(PLAIN[:-1] + ', "x": "\0"}'), UNREADABLE),
    "a NUL after it": (text(PLAIN + "\0"), UNREADABLE),
    "an unknown escape": (text(PLAIN[:-1] + r', "x": "\x41"}'), UNREADABLE),
    "NaN": (text(PLAIN[:-1] + ', "x": NaN}'), UNREADABLE),
    "Infinity": (text(PLAIN[:-1] + ', "x": Infinity}'), UNREADABLE),
    "-Infinity": (text(PLAIN[:-1] + ', "x": -Infinity}'), UNREADABLE),
    "a number out of range": (text(PLAIN[:-1] + ', "x": 1e999}'), UNREADABLE),
    "a number too small to tell": (text(PLAIN[:-1] + ', "x": 1e-999}'), ONE),
    "an integer of 5,000 digits": (text(PLAIN[:-1] + f', "x": {"9" * 5_000}}}'), UNREADABLE),
    "an integer of 400 digits": (text(PLAIN[:-1] + f', "x": {"9" * 400}}}'), ONE),
    "a leading zero": (text(PLAIN[:-1] + ', "x": 012}'), UNREADABLE),
    "a plus": (text(PLAIN[:-1] + ', "x": +1}'), UNREADABLE),
    "a point first": (text(PLAIN[:-1] + ', "x": .5}'), UNREADABLE),
    "a point last": (text(PLAIN[:-1] + ', "x": 5.}'), UNREADABLE),
    "hexadecimal": (text(PLAIN[:-1] + ', "x": 0x1F}'), UNREADABLE),
    "single quotes": (text(PLAIN.replace('"', "'")), UNREADABLE),
    "names without quotes": (text(PLAIN.replace('"orders"', "orders")), UNREADABLE),
    "a comma at the end": (text(PLAIN[:-1] + ",}"), UNREADABLE),
    "a comment": (text(PLAIN + " // all of it"), UNREADABLE),
    "True": (text(PLAIN[:-1] + ', "x": True}'), UNREADABLE),
    "words after it": (text(PLAIN + " and more"), UNREADABLE),
    "a second document": (text(PLAIN + PLAIN), UNREADABLE),
    "a document a line": (text(f"{PLAIN}\n{PLAIN}\n"), UNREADABLE),
    "HTML after it": (text(PLAIN + "<!-- 0.2 s -->"), UNREADABLE),
    "a PHP warning before it": (text("<br />\n<b>Warning</b>: mysqli<br />\n" + PLAIN), UNREADABLE),
    "a callback around it": (text(f"callback({PLAIN});"), UNREADABLE),
    "a guard before it": (text(")]}',\n" + PLAIN), UNREADABLE),
    "cut": (text(PLAIN[:-2]), UNREADABLE),
    "a bracket too many": (text(PLAIN + "}"), UNREADABLE),
    "600,000 lists": (encoded("gzip", gzip.compress(b'{"orders": [' + b"[]," * 600_000 + b"[]]}")), UNREADABLE),
    "too deep": (text("[" * 100_000 + "]" * 100_000), UNREADABLE),
    "too deep, and cut": (text('{"orders":' * 50_000), UNREADABLE),
    "too deep where nobody looks": (text(PLAIN[:-1] + f', "x": {"[" * 20_000}{"]" * 20_000}}}'), UNREADABLE),
    "deep where nobody looks": (text(PLAIN[:-1] + f', "x": {"[" * 99}{"]" * 99}}}'), ONE),
    "a list twice": (text(PLAIN[:-1] + ', "orders": []}'), UNREADABLE),
    "a list twice, the truth last": (text('{"orders": [], ' + PLAIN[1:]), UNREADABLE),
    "a state twice": (text(PLAIN.replace('"PAID"', '"REFUNDED", "state": "PAID"')), UNREADABLE),
    "a state twice, once escaped": (text(PLAIN.replace('"PAID"', r'"REFUNDED", "\u0073tate": "PAID"')), UNREADABLE),
    "an owner twice": (text(PLAIN.replace('"email"', '"email": "bea@example.com", "email"')), UNREADABLE),
    "a name twice where nobody looks": (text(PLAIN[:-1] + ', "x": {"y": 1, "y": 1}}'), UNREADABLE),
    "a name twice beside escaped colons": (text(PLAIN[:-1] + r', "x": {"y": "\u003a", "y": "\u003A"}}'), UNREADABLE),
    "colons in texts": (text(PLAIN[:-1] + r', "x": ":\":\u003a", ":": "a\":"}'), ONE),
    "a name in two places": (text(PLAIN[:-1] + ', "x": {"orders": []}}'), ONE),
}

SHAPES: Rows = {
    "null": (text("null"), MISMATCH),
    "true": (text("true"), MISMATCH),
    "a number": (text("0"), MISMATCH),
    "a text": (text('"no orders"'), MISMATCH),
    "an empty text": (text('""'), MISMATCH),
    "an empty object": (text("{}"), MISMATCH),
    "an empty list": (text("[]"), MISMATCH),
    "the list without its frame": (Reply(json=GOOD["orders"]), MISMATCH),
    "a frame around it": (Reply(json={"data": GOOD}), MISMATCH),
    "a list around it": (Reply(json=[GOOD]), MISMATCH),
    "JSON in a text": (Reply(json=PLAIN), MISMATCH),
    "an error": (Reply(json={"error": {"code": 500, "message": "database"}}), MISMATCH),
    "no success": (Reply(json={"success": False, "orders": None}), MISMATCH),
    "an RFC 9457 problem": (Reply(json={"type": "about:blank", "status": 500}, content_type="application/problem+json"), MISMATCH),
    "GraphQL's errors": (Reply(json={"data": None, "errors": [{"message": "no"}]}), MISMATCH),
    "a login page": (Reply(body=b"<form action=/login>", content_type="text/html"), UNREADABLE),
    "a login page under JSON's name": (Reply(body=b"<form action=/login>"), UNREADABLE),
    "maintenance": (Reply(body=b"<h1>Maintenance</h1>", content_type="text/html"), UNREADABLE),
    "an error in words": (Reply(body=b"Internal error", content_type="text/plain"), UNREADABLE),
    "XML": (Reply(body=b"<?xml version='1.0'?><orders/>", content_type="application/xml"), UNREADABLE),
    "the list renamed": (Reply(json={"order_list": GOOD["orders"]}), MISMATCH),
    "the list in capitals": (Reply(json={"Orders": GOOD["orders"]}), MISMATCH),
    "the list with a blank": (Reply(json={"orders ": GOOD["orders"]}), MISMATCH),
    "the list is null": (Reply(json={"orders": None}), MISMATCH),
    "the list is false": (Reply(json={"orders": False}), MISMATCH),
    "the list is a text": (Reply(json={"orders": "none"}), MISMATCH),
    "the list is zero": (Reply(json={"orders": 0}), MISMATCH),
    "the list is an object": (Reply(json={"orders": {}}), MISMATCH),
    "the list is an object by number": (Reply(json={"orders": {"0": order(item(1))}}), MISMATCH),
    "the list is one order": (Reply(json={"orders": order(item(1))}), MISMATCH),
    "a null among the orders": (Reply(json=orders(None, order(item(1)))), MISMATCH),
    "an empty order": (Reply(json=orders({})), MISMATCH),
    "an order without items": (Reply(json=orders({"email": USER, "event": "x"})), MISMATCH),
    "a list among the orders": (Reply(json=orders([], order(item(1)))), MISMATCH),
    "an error among the orders": (Reply(json=orders(order(item(1)), {"error": "shard 2"})), MISMATCH),
    "the items renamed": (Reply(json=orders({"email": USER, "event": "x", "tickets": []})), MISMATCH),
    "the items are null": (Reply(json=orders({"email": USER, "event": "x", "items": None})), MISMATCH),
    "the items are an object": (Reply(json=orders({"email": USER, "event": "x", "items": {}})), MISMATCH),
    "a null among the items": (items(item(1), None), MISMATCH),
    "a text among the items": (items(item(1), "2"), MISMATCH),
    "the owner renamed": (Reply(json=orders({"mail": USER, "event": "x", "items": [item(1)]})), MISMATCH),
    "more than we know": (Reply(json={**GOOD, "total": 1, "links": {}}), ONE),
    "no orders": (Reply(json=orders()), NONE),
    "orders without items": (Reply(json=orders(order(), order())), NONE),
}


def _ids(*values: Any) -> Iterator[tuple[Any, Reply]]:
    return ((value, items(item(value))) for value in values)


IDS: Rows = (
    {
        f"id {value!r}"[:60]: (reply, MISMATCH)
        for value, reply in _ids(
            None, "", True, False, 1.0, 1.5, -0.0, 1e2, [], ["1"], {}, {"id": 1},
            "a\n", "\0", "a\tb", "\x7f", "\x85", "\x1b[31m", "\ufffd", "1\ufffd2", "9" * 257, int("9" * 257),
        )
    }
    | {
        f"id {value!r}"[:60]: (reply, Tickets([ticket(str(value))]))
        for value, reply in _ids(
            0, -1, "007", "1e2", " ", "\u00e9", "e\u0301", "\U0001f3ab", "'; --", "<b>", "%2e%2e",
            2**63, 2**64 + 1, int("9" * 30), "9" * 256,
        )
    }
    | {
        "no id": (items({"state": "PAID", "zone": "A", "price": 10}), MISMATCH),
        "id twice": (items(item(1), item(1)), ONE),
        "id twice, as text and number": (items(item(1), item("1")), ONE),
        "id twice, of two prices": (items(item(1), item(1, price=11)), MISMATCH),
        "id twice, once refunded": (items(item(1), item(1, state="REFUNDED")), MISMATCH),
        "ids that differ in case": (items(item("a"), item("A")), tickets("a", "A")),
        "ids that differ in form": (items(item("\u00e9"), item("e\u0301")), tickets("\u00e9", "e\u0301")),
        "one bad id among good ones": (items(item(1), item(""), item(3)), MISMATCH),
    }
)

PRICES: Rows = (
    {
        f"price {value!r}"[:60]: (items(item(1, price=value)), MISMATCH)
        for value in (
            None, "", -1, -0.01, "-1", "NaN", "nan", "inf", "Infinity", "free", "10 EUR", "10,00", "1e3",
            "0x10", "1_000", " 10", "10\n", "\u0661\u0660", "--1", ".", True, False, [], [10], {}, {"amount": 10},
            int("9" * 400), "9" * 400,
        )
    }
    | {
        f"price {value!r}": (items(item(1, price=value)), Tickets([ticket(1, price=made)]))
        for value, made in [(0, 0), (180.5, 180.5), ("180.50", 180.5), ("0", 0), (1e3, 1000), (0.1, 0.1), (10**15, 10**15)]
    }
)

_OWNERS: Sequence[tuple[Any, Expected]] = [
    (None, NONE), ("", NONE), ("bea@example.com", NONE), (" ana@example.com", NONE), ("ana@example.com ", NONE),
    ("ana@example.com.evil.example", NONE), ("ana@example.com,bea@example.com", NONE), ("xana@example.com", NONE),
    ("ana@example.co", NONE), ("\u00e1na@example.com", NONE), ("ana@e\u03c7ample.com", NONE), ("ana@example.com\0", NONE),
    ("*", NONE), ("%", NONE), ("ANA@Example.COM", ONE), ("ana@example.com", ONE),
    (1, MISMATCH), (True, MISMATCH), (False, MISMATCH), ([], MISMATCH), ([USER], MISMATCH), ({"email": USER}, MISMATCH),
]
OWNERS: Rows = {
    f"owner {value!r}": (Reply(json=orders(order(item(1), email=value))), expected)
    for value, expected in _OWNERS
}

_STATES: Sequence[tuple[Any, Expected]] = [
    ("REFUNDED", ONE), ("PAID", tickets(1, 2)),
    (None, MISMATCH), ("", MISMATCH), ("paid", MISMATCH), ("PAID ", MISMATCH), (" PAID", MISMATCH), ("PAID\n", MISMATCH),
    ("NEW", MISMATCH), (True, MISMATCH), (1, MISMATCH), ([], MISMATCH), (["PAID"], MISMATCH), ({}, MISMATCH),
    ("PA\u0406D", MISMATCH), ("VALID", MISMATCH),
]
STATES: Rows = {
    f"state {value!r}": (items(item(1), item(2, state=value)), expected)
    for value, expected in _STATES
} | {
    "no state": (items(item(1), {"id": 2, "zone": "A", "price": 10}), MISMATCH),
    "no zone": (items(item(1), {"id": 2, "state": "PAID", "price": 10}), MISMATCH),
    "another's unknown state": (Reply(json=orders(order(item(1)), order(item(2, state="NEW"), email="bea@example.com"))), ONE),
}

# --- pages ------------------------------------------------------------------------------------------

SECOND_PAGES: Rows = {
    "good": (Reply(json=page(item(2), next=None)), tickets(1, 2)),
    "good, its next empty": (Reply(json=page(item(2), next="")), tickets(1, 2)),
    "empty": (Reply(json={**orders(), "next": None}), ONE),
    "closed": (sends(CLOSE), UNAVAILABLE),
    "reset": (sends(RESET), UNAVAILABLE),
    "silence": (sends(HANG), TIMEOUT),
    "silence in the body": (sends(ok(LENGTH)[:-1], HANG), TIMEOUT),
    "cut": (Reply(json=page(item(2), next=None), cut=30), UNREADABLE),
    "204": (Reply(204, body=b""), UNREADABLE),
    "302": (Reply(302, headers={"Location": "/orders"}), ERROR),
    "401": (Reply(401), AUTH),
    "404": (Reply(404, json=orders()), ERROR),
    "410": (Reply(410), ERROR),
    "429": (Reply(429, headers={"Retry-After": "9"}), later(9)),
    "500": (Reply(500), ERROR),
    "HTML": (Reply(body=b"<h1>", content_type="text/html"), UNREADABLE),
    "null": (text("null"), MISMATCH),
    "an empty list": (text("[]"), MISMATCH),
    "no orders": (Reply(json={"next": None}), MISMATCH),
    "no next": (Reply(json=page(item(2))), MISMATCH),
    "the first again": (Reply(json=page(item(1), next=None)), MISMATCH),
    "the first again, and a next": (Reply(json=page(item(1), next="?p=3")), MISMATCH),
    "its own URL": (Reply(json=page(item(2), next="?p=2")), MISMATCH),
    "the first page's URL": (Reply(json=page(item(2), next=f"?email={USER}")), MISMATCH),
    "of someone else": (Reply(json={**orders(order(item(2), email="bea@example.com")), "next": None}), ONE),
    "an error in JSON": (Reply(json={"error": "timeout"}), MISMATCH),
    "next true": (Reply(json=page(item(2), next=True)), MISMATCH),
    "next a number": (Reply(json=page(item(2), next=3)), MISMATCH),
    "next an object": (Reply(json=page(item(2), next={"href": "?p=3"})), MISMATCH),
    "a ticket twice": (Reply(json=page(item(1), item(2), next=None)), tickets(1, 2)),
    "a ticket twice, refunded by now": (Reply(json=page(item(1, state="REFUNDED"), item(2), next=None)), MISMATCH),
    "gzip cut": (encoded("gzip", GZIPPED[:-9]), UNREADABLE),
    "another content type": (Reply(json=page(item(2), next=None), content_type="text/plain"), UNREADABLE),
}
"""Page one has a good ticket and a next URL: what it alone would say is no answer."""


def _endless(seen: Seen) -> Reply:
    """Another page, of its own, for every request."""
    number = int(dict(seen.query).get("p", 1))
    return Reply(json=page(item(number), next=f"?p={number + 1}"))


def _endless_empty(seen: Seen) -> Reply:
    """Another page without anything, for every request."""
    number = int(dict(seen.query).get("p", 1))
    return Reply(json={**orders(), "next": f"?p={number + 1}"})


ENDLESS: Rows = {
    "always another page": (_endless, MISMATCH),
    "always another empty page": (_endless_empty, MISMATCH),
}

NEXT_URLS: Mapping[str, Expected] = {
    "?p=2": tickets(1, 2),
    "/orders?p=2": tickets(1, 2),
    "//{host}/orders?p=2": tickets(1, 2),
    "{platform}/orders?p=2": tickets(1, 2),
    "HTTP://{host}/orders?p=2": tickets(1, 2),
    "?p=2#top": tickets(1, 2),
    "?p=2&email=ana@example.com": tickets(1, 2),
    "?p=2&EMAIL=ana%40example.com": tickets(1, 2),
} | dict.fromkeys(
    [
        "{other}/orders?p=2",
        "//{other_host}/orders?p=2",
        "///{other_host}/orders?p=2",
        "https://{host}/orders?p=2",
        "ftp://{host}/orders?p=2",
        "ws://{host}/orders?p=2",
        "http:/{other_host}/orders?p=2",
        "http:{other_host}/orders?p=2",
        "http://127.0.0.1/orders?p=2",
        "http://127.0.0.1:1/orders?p=2",
        "http://127.0.0.1:99999/orders?p=2",
        "http://127.0.0.1:x/orders?p=2",
        "http://localhost:{port}/orders?p=2",
        "http://127.1:{port}/orders?p=2",
        "http://2130706433:{port}/orders?p=2",
        "http://[::ffff:127.0.0.1]:{port}/orders?p=2",
        "http://127.0.0.1.:{port}/orders?p=2",
        "http://127.0.0.1:{port}.evil.example/orders?p=2",
        "http://127.0.0.1%2eevil.example:{port}/orders?p=2",
        "http://169.254.169.254/latest/meta-data/",
        "http://{host}@{other_host}/orders?p=2",
        "http://{other_host}#@{host}/orders?p=2",
        "http://{other_host}\\@{host}/orders?p=2",
        "http://ana:pass@{host}/orders?p=2",
        "http://@{host}/orders?p=2",
        "http://[::1",
        "file:///etc/passwd",
        "file://{host}/orders?p=2",
        "javascript:alert(1)",
        "data:application/json,[]",
        "mailto:ana@example.com",
        "about:blank",
        "\\\\{other_host}\\orders?p=2",
        "/\\{other_host}/orders?p=2",
        "/orders\\..\\admin?p=2",
        " {platform}/orders?p=2",
        "{platform}/orders?p=2 ",
        "{platform}/orders?p=2\r\nX-Admin: 1",
        "{platform}/orders?p=2\nHost: evil.example",
        "/ord\ters?p=2",
        "/orders?p=2\0",
        "/orders?p=2\x7f",
        "/orders?p=2\x85",
        "/orders?p=2\u2028",
        "/orders/?p=2",
        "//orders?p=2",
        "/orders/../orders/x?p=2",
        "{platform}/./x/../orders?p=2",
        "/orders/%2e%2e/orders?p=2",
        "/orders/..%2forders?p=2",
        "/orders%2f?p=2",
        "/orders%3Fp=2",
        "/orders;x=1?p=2",
        "/Orders?p=2",
        "/admin/orders?p=2",
        "/users?p=2",
        "/?p=2",
        "orders/2",
        "/orders",
        "?",
        "#",
        "?email=bea%40example.com&p=2",
        "?email=ana%40example.com&email=bea%40example.com&p=2",
        "?EMAIL=bea%40example.com&p=2",
        "?Email=bea%40example.com&p=2",
        "?email[]=bea%40example.com&p=2",
        "?email%5B0%5D=bea%40example.com&p=2",
        "?e%6dail=bea%40example.com&p=2",
        "?p=2;email=bea%40example.com",
        "?p=2&email=",
        "?p=2&email",
        "?p=2&email=ana%2540example.com",
        "?p=2&email=ana%40example.com%00",
        "?p=2&email=*",
    ],
    MISMATCH,
)
"""Page one's next URL; page two is there for whoever gets to it."""

# --- answers that only a rule can tell ----------------------------------------------------------------

RULES: Rows = {
    "an error beside an empty list": (Reply(json={**orders(), "error": "shard 2 is down"}), ERROR),
    "a success that is none": (Reply(json={**GOOD, "error": "partial"}), ERROR),
    "no error": (Reply(json={**GOOD, "error": None}), ONE),
    "an error that is gone": (Reply(json=GOOD), MISMATCH),
    "an error page": (Reply(body=b"<h1>", content_type="text/html"), UNREADABLE),
    "404 of an unknown user": (Reply(404, json={}), NONE),
    "404 of a proxy": (Reply(404, body=b"<h1>nginx</h1>", content_type="text/html"), ERROR),
    "an error in no UTF-8": (sends(head("Content-Length: 0", "X-Error: f\xeat\xe9", status="HTTP/1.1 409 x")), ERROR),
    "404, cut": (Reply(404, json={"a": "b"}, cut=3), UNREADABLE),
    "404, in a cut gzip": (Reply(404, body=GZIPPED[:9], headers={"Content-Encoding": "gzip"}), UNREADABLE),
    "404, closed before its head's end": (sends(b"HTTP/1.1 404 x\r\nContent-Le", CLOSE), UNAVAILABLE),
    "500 for an unknown user": (Reply(500, json={}), ERROR),
}
"""With rules: `error` that is not null fails, and 404 means an unknown user."""

NUMBERS: Rows = {
    "with a length": (sends(answer(b"12345")), ONE),
    "in chunks": (chunks(chunk(b"12345"), chunk(b"")), ONE),
    "without a length": (sends(ok(body=b"12345"), CLOSE), UNREADABLE),
    "without a length, and a line's end": (sends(ok(body=b"12345\n"), CLOSE), ONE),
    "without a length, cut": (sends(ok(body=b"123"), CLOSE), UNREADABLE),
}
"""A document that is a bare number ends where it is cut: 123 is no customer 12345."""

# --- the table ----------------------------------------------------------------------------------------

_RULES: Changes = {
    "source.0.responses": [
        {"status": 404, "then": "unknown_user"},
        {"when": "body.error != `null`", "then": "fail"},
        {"status": 409, "then": "fail", "message": 'headers."x-error"'},
    ]
}
_NUMBER: Changes = {
    "source": [
        {"name": "customer", "get": "/orders", "query": {"email": "{user}"}, "take": "body"},
        {"name": "order", "get": "/customers/{customer}/orders", "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]
}
PAGED: Changes = {"source.0.pages": {"next_url": "body.next"}}
SECTIONS: Mapping[str, tuple[Rows, Changes]] = {
    "connection": (CONNECTION, {}),
    "flapping": (FLAPPING, {"upstream.retries": 2}),
    "protocol": (OTHER_PROTOCOLS, {}),
    "length": (LENGTHS, {}),
    "chunks": (CHUNKS, {}),
    "transfer encoding": (TRANSFER_ENCODINGS, {}),
    "left over": (LEFT_OVER, {}),
    "informational": (INFORMATIONAL, {}),
    "headers": (HEADERS, {}),
    "content type": (CONTENT_TYPES, {}),
    "status": (STATUSES, {}),
    "retry after": (RETRY_AFTER, {}),
    "encoding": (ENCODINGS, {}),
    "size": (SIZES, {"upstream.max_body": "1MB"}),
    "JSON": (JSON, {}),
    "shape": (SHAPES, {}),
    "id": (IDS, {}),
    "price": (PRICES, {}),
    "owner": (OWNERS, {}),
    "state": (STATES, {}),
    "rule": (RULES, _RULES),
}




def _faults() -> Iterator[Fault]:
    for name, (rows, changes) in SECTIONS.items():
        yield from section(name, rows, changes, repeats=name == "flapping")
    for fault in section("endless", ENDLESS, {**PAGED, "upstream.max_pages": 5}):
        yield replace(fault, routes={"/orders": fault.routes[ASKED], **fault.routes})
    customers: Routes = {"/customers/12345/orders": (Reply(json=GOOD),), "/customers/7/orders": (BEAS,)}
    for fault in section("number", NUMBERS, _NUMBER, customers):
        yield replace(fault, routes={**fault.routes, f"/orders?email={BEA}": (body(b"7"),)})
    first = Reply(json=page(item(1), next="?p=2"))
    for name, (what, expected) in SECOND_PAGES.items():
        routes = {**WELL, ASKED: (first,), "/orders?p=2": replies_of(what)}
        yield Fault("page two", name, routes, expected, PAGED)
    for url, expected in NEXT_URLS.items():
        first = Reply(json=page(item(1), next=url))
        second = Reply(json=page(item(2), next=None))
        routes = {**WELL, ASKED: (first,), "/orders?p=2": (second,)}
        yield Fault("next URL", url, routes, expected, PAGED)


FAULTS: Sequence[Fault] = [*_faults(), *words.FAULTS]
"""The whole table."""
