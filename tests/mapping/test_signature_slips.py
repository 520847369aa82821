"""Slips in an auth that signs each request: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, read, short
from ticketbridge.engine.bridge import compile_findings
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import OAuth1AuthSpec, SignatureAuthSpec
from ticketbridge.workbench.check.codes import read_frame

OLD = '{type: bearer, token: "${TOKEN}"}'
SIGNATURE = """
    type: signature
    secrets: {key: "${TOKEN}", secret: "${SECRET}"}
    values:
      - ts: moment('unix')
      - sign: hmac(join('', [secrets.key, ts, request.path]), secrets.secret, 'sha256', 'hex')
    headers: {X-Sign: "{sign}"}
    query: {ts: "{ts}"}"""
OAUTH1 = '{type: oauth1, consumer_key: a, consumer_secret: "${SECRET}"}'
DIGEST = '{type: digest, username: "${TOKEN}", password: "${SECRET}"}'


def signed(*pairs: tuple[str, str]) -> str:
    """The good mapping with a signature, in each pair the first text replaced by the second."""
    text = SIGNATURE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return change((OLD, text))


def compiled(text: str) -> list[Finding]:
    """What is found when the mapping in *text* is compiled."""
    found = compile_findings(read(text, variables={"ACME_TOKEN": "t"}))
    return [finding for finding in found if finding.place.line < 17]


@pytest.mark.parametrize("auth", [SIGNATURE, OAUTH1, DIGEST])
def test_a_good_one_has_no_finding(auth: str) -> None:
    """Each type, as the reference shows it."""
    text = change(
        (OLD, auth),
        ("      - {status: 404, then: unknown_user}", "      - {status: 404, then: fail}"),
    )

    assert findings(text) == ()
    assert compiled(text) == []


SLIPS = [
    (("secrets: {", "secret: {"), "9:5", "TB010", 'did you mean "secrets"?'),
    (('secrets: {key: "${TOKEN}", secret: "${SECRET}"}', "secrets: {}"), "9:14", "TB015", "empty"),
    (("{key: ", "{Key: "), "9:15", "TB014", "small letter"),
    (('"${TOKEN}"', '""'), "9:20", "TB015", "is empty"),
    (('"${TOKEN}"', '"a\\nb"'), "9:20", "TB024", "line break"),
    (("- ts: moment('unix')", "- moment('unix')"), "11:9", "TB012", "one name and its expression"),
    (("- ts: moment", "- TS: moment"), "11:9", "TB014", "small letter"),
    (("- ts: moment", "- request: moment"), "11:9", "TB060", "is a root of its own"),
    (("- ts: moment", "- secrets: moment"), "11:9", "TB060", "is a root of its own"),
    (("- sign: ", "- ts: now()\n      - sign: "), "12:9", "TB060", "the name of a value above"),
    (("      - sign:", "        sign:"), "12:9", "TB012", "begin each with `- `"),
    (("    values:\n", "    values: a\n    value:\n"), "10:13", "TB012", "a list of names"),
    (("X-Sign:", "Host:"), "13:15", "TB052", "set by the bridge itself"),
    (("X-Sign:", "X Sign:"), "13:15", "TB051", "no legal name"),
    (("{X-Sign:", '{x-sign: "{ts}", X-Sign:'), "13:31", "TB052", "stands twice"),
    (('"{sign}"', '"{sign"'), "13:24", "TB031", "not closed"),
    (('query: {ts: "{ts}"}', 'query: {"{ts}": a}'), "14:13", "TB030", "values, not in names"),
]


@pytest.mark.parametrize(("slip", "place", "code", "words"), SLIPS)
def test_a_slip_in_a_signature_is_said_at_its_place(
    slip: tuple[str, str], place: str, code: str, words: str
) -> None:
    """The finding is at the line and column, and says what is wrong and what would be right."""
    found = [each for each in findings(signed(slip)) if each.severity == "error"]

    assert f"{place} error {code}" in short(found)
    assert any(words in f"{each.message} {each.suggestion}" for each in found if each.code == code)


@pytest.mark.parametrize(
    ("slip", "place", "code", "words"),
    [
        (("ts, request", "user, request"), "12:43", "TB203", "the roots are: request, secrets, ts"),
        (("request.path", "path"), "12:47", "TB203", "write request.path; the roots are: request"),
        (("request.path", "body"), "12:47", "TB203", "write request.body; the roots are: request"),
        (("request.path", "request.uri"), "12:55", "TB208", "it has body, host, method, path"),
        (("secrets.secret", "secrets.scret"), "12:71", "TB208", "it has key, secret"),
        (("moment('unix')", "join('', [sign, 'x'])"), "11:23", "TB203", "request, secrets"),
        (("{sign}", "{sing}"), "13:25", "TB203", 'did you mean "sign"?'),
        (("{ts}", "{user}"), "14:19", "TB203", "request, secrets, sign, ts"),
        (("moment('unix')", "moment('%Q')"), "11:20", "TB205", "strftime does not know"),
        (("'sha256'", "'sha3'"), "12:79", "TB205", "the algorithms are"),
        (("'sha256', 'hex')", "'sha256', 'hex', 'hex')"), "12:15", "TB094", "is not hex"),
    ],
)
def test_an_expression_that_cannot_be_is_said_at_load(
    slip: tuple[str, str], place: str, code: str, words: str
) -> None:
    """An unknown root lists those of a signature, an unknown key those of its root."""
    found = compiled(signed(slip))

    assert short(found) == [f"{place} error {code}"]
    assert words in f"{found[0].message} {found[0].suggestion}"


def test_moment_is_of_signatures_alone() -> None:
    """Elsewhere it would be another moment for each record: `now()` is that of the answer."""
    found = compiled(
        change(("/customers\n", "/customers\n    headers: {X-At: \"{moment('unix')}\"}\n"))
    )

    assert [(finding.code, finding.suggestion) for finding in found] == [
        ("TB205", "now() is the moment of the answer")
    ]
    assert "`auth: {type: signature}` alone" in found[0].message


def test_a_signature_stands_somewhere() -> None:
    """Neither `headers` nor `query` carries it: no request would have it."""
    found = findings(
        signed(('    headers: {X-Sign: "{sign}"}\n', ""), ('    query: {ts: "{ts}"}', ""))
    )

    assert short(found) == ["8:5 error TB011"]
    assert "nothing carries it" in found[0].message


@pytest.mark.parametrize(
    ("where", "new", "message"),
    [
        ("headers: {X-Channel", "headers: {x-sign: a, X-Channel", "the header `x-sign`"),
        ("get: /customers\n", "get: /customers\n    headers: {X-SIGN: a}\n", "the header `X-SIGN`"),
        ('query: {email: "{user}"}', 'query: {email: "{user}", ts: a}', "the parameter `ts`"),
    ],
)
def test_what_the_signature_sets_is_set_by_it_alone(where: str, new: str, message: str) -> None:
    """A header or parameter that is claimed twice is an error, whatever its case."""
    found = findings(change((OLD, SIGNATURE), (where, new)))

    assert [finding.code for finding in found] == ["TB052"]
    assert found[0].message.startswith(message)


@pytest.mark.parametrize(
    ("auth", "place"),
    [
        (SIGNATURE.replace('"${TOKEN}"', "hunter2"), "9:20"),
        (SIGNATURE.replace('"{sign}"', "hunter2").replace("X-Sign", "X-Signature"), "13:28"),
        (OAUTH1.replace("${SECRET}", "hunter2"), "7:58"),
        (OAUTH1.replace('"}', '", token: hunter2}'), "7:78"),
        (DIGEST.replace("${SECRET}", "hunter2"), "7:56"),
    ],
)
def test_a_secret_in_clear_is_a_warning(auth: str, place: str) -> None:
    """It is not repeated."""
    found = [each for each in findings(change((OLD, auth))) if each.code == "TB053"]

    assert len(found) == 1
    assert short(found) == [f"{place} warning TB053"]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("auth", "code", "words"),
    [
        (OAUTH1.replace("consumer_key: a, ", ""), "TB011", "`consumer_key`"),
        (OAUTH1.replace("a,", "'',"), "TB015", "consumer_key"),
        (OAUTH1.replace("}'", "").replace('"}', '", method: PLAINTEXT}'), "TB013", "HMAC-SHA256"),
        (OAUTH1.replace('"}', """", realm: 'a"b'}"""), "TB024", "a realm cannot carry"),
        (OAUTH1.replace('"}', '", realm: "\u00e9"}'), "TB024", "outside ASCII"),
        (DIGEST.replace('username: "${TOKEN}", ', ""), "TB011", "`username`"),
        (DIGEST.replace("${TOKEN}", ""), "TB015", "username"),
        (DIGEST.replace("${TOKEN}", "a\\nb"), "TB024", "line break"),
        (DIGEST.replace("${SECRET}", "a\\nb"), "TB024", "line break"),
        (DIGEST.replace("digest,", "digest, algorithm: MD5,"), "TB010", "algorithm"),
    ],
)
def test_a_slip_in_oauth1_or_digest_is_said(auth: str, code: str, words: str) -> None:
    """One error, that says what is wrong."""
    found = [each for each in findings(change((OLD, auth))) if each.severity == "error"]

    assert [finding.code for finding in found] == [code]
    assert words in f"{found[0].message} {found[0].suggestion}"


def test_no_credential_is_in_what_a_spec_shows() -> None:
    """`repr` is what a log or a debugger shows by mistake."""
    specs = [
        read(change((OLD, auth)), variables={"TOKEN": "t0ken-x", "SECRET": "s3cret-y"})
        for auth in (SIGNATURE, OAUTH1, DIGEST)
    ]

    assert isinstance(specs[0].upstream.auth, SignatureAuthSpec)
    assert isinstance(specs[1].upstream.auth, OAuth1AuthSpec)
    assert not any(secret in repr(spec) for spec in specs for secret in ("t0ken-x", "s3cret-y"))


def test_a_secret_without_its_variable_is_a_key_in_any_encoding() -> None:
    """Cases and `check` know no variable: what stands for it is read as text, hex and base64."""
    for encoding in ("hex", "base64", "base64url"):
        text = signed(("'sha256', 'hex')", f"'sha256', 'hex', '{encoding}')"))
        text = text.replace("${SECRET}", "${NOT_SET}")
        found = compile_findings(read(text, placeholders=True))
        assert [each for each in found if each.place.line < 17] == []


def test_the_frame_of_the_codes_has_no_signature() -> None:
    """The examples of TB094 and TB540 bring their own `auth`."""
    assert "signature" not in read_frame()
