"""Variables: where they come from, what is refused, and that their values never show."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from tests.mapping.support import change, findings, read, short
from tests.support import SECRET, TOKEN, mapping
from ticketbridge.mapping import Environment, MappingError, load_mapping
from ticketbridge.mapping.environment import MAX_FILE_BYTES, PLACEHOLDER, Value, VariableError
from ticketbridge.mapping.spec import BearerAuthSpec, CallSpec, Secret, SharedSecret

HIDDEN = "pa55-{word}"


def token(written: str, **variables: str) -> str:
    """What the token `written` resolves to."""
    auth = read(change(("${TOKEN}", written)), variables=variables).upstream.auth
    assert isinstance(auth, BearerAuthSpec)
    return auth.token.reveal()


@pytest.mark.parametrize(
    ("written", "variables", "value"),
    [
        pytest.param("${A}", {"A": "x"}, "x", id="value"),
        pytest.param("a${A}b${B}c", {"A": "1", "B": "2"}, "a1b2c", id="inside"),
        pytest.param("${A:-d}", {}, "d", id="default"),
        pytest.param("${A:-d}", {"A": ""}, "d", id="default-for-empty"),
        pytest.param("${A:-d}", {"A": "x"}, "x", id="no-default-needed"),
        pytest.param("${A}", {"A": "{user}${B}"}, "{user}${B}", id="literal"),
        pytest.param("${_a1}", {"_a1": "x"}, "x", id="small-name"),
        pytest.param("x$y{", {}, "x$y{", id="no-variable"),
        pytest.param("${A}${A}", {"A": "x"}, "xx", id="twice"),
    ],
)
def test_a_variable_gives_its_value(written: str, variables: dict[str, str], value: str) -> None:
    """A variable's value stands in its place, literally, and a default where it is not set."""
    assert token(written, **variables) == value


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(b"abc", "abc", id="as-it-is"),
        pytest.param(b"abc\n", "abc", id="one-newline"),
        pytest.param(b"abc\r\n", "abc", id="crlf"),
        pytest.param(b"a b ", "a b ", id="space"),
        pytest.param("é".encode(), "é", id="utf-8"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"abc\r", "abc\r", id="lone-return"),
        pytest.param(b"a\n\n", "a\n", id="two-newlines"),
    ],
)
def test_a_file_gives_its_content(tmp_path: Path, content: bytes, value: str) -> None:
    """`NAME_FILE` gives the content of that file, one trailing newline stripped."""
    file = tmp_path / "secret"
    file.write_bytes(content)

    assert Environment({"A_FILE": str(file)}).look_up("A", None) == Value(value)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param({"A": "hidden", "A_FILE": "/hidden"}, "both A and A_FILE are set", id="both"),
        pytest.param({"A_FILE": "/no/hidden/file"}, "A_FILE names cannot be read", id="no-file"),
        pytest.param({"A_FILE": "/"}, "A_FILE names cannot be read", id="folder"),
        pytest.param({"A_FILE": "hidden\x00"}, "no legal path", id="nul-in-path"),
        pytest.param({"A": "hidden\udcff"}, "A is not UTF-8", id="bytes"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(variables: dict[str, str], words: str) -> None:
    """An unusable variable is an error that names it, and shows neither value nor content."""
    with pytest.raises(VariableError, match=words) as caught:
        Environment(variables).look_up("A", None)

    assert caught.value.code == "TB023"
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"\xff\xfehidden", "not UTF-8", id="not-utf-8"),
        pytest.param(b"h" * (MAX_FILE_BYTES + 1), "over 1 MiB", id="too-large"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    """A secret's file that is no text, or far too large, is an error that names the variable."""
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(VariableError, match=words) as caught:
        Environment({"A_FILE": str(file)}).look_up("A", None)
    assert "A_FILE" in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "value"),
    [
        pytest.param({"A": "", "B_FILE": ""}, "", id="empty"),
        pytest.param({"A": "x", "A_FILE": ""}, "x", id="empty-file-variable"),
    ],
)
def test_an_empty_variable_without_a_default_is_empty(
    variables: dict[str, str], value: str
) -> None:
    """A variable that is set but empty is empty text; an empty `NAME_FILE` counts as not set."""
    assert Environment(variables).look_up("A", None) == Value(value)


def test_an_empty_variable_leaves_the_file(tmp_path: Path) -> None:
    """Where the variable is empty, its file counts."""
    file = tmp_path / "secret"
    file.write_text("x")

    assert Environment({"A": "", "A_FILE": str(file)}).look_up("A", None).text == "x"


def test_the_process_gives_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without variables of its own, an Environment is that of the process."""
    monkeypatch.setenv("TICKETBRIDGE_TEST_A", "x")

    assert Environment().look_up("TICKETBRIDGE_TEST_A", None).text == "x"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        pytest.param("${TOKEN}", "${GONE}", "7:32", id="token"),
        pytest.param("X-Channel: resale", 'X-Channel: "a${GONE}"', "8:26", id="header"),
        pytest.param("https://api.acme.example/v2", "${GONE}", "6:13", id="base-url"),
        pytest.param("https://api.acme.example/v2", "https://${GONE}/v2", "6:21", id="host"),
        pytest.param("acme.example/v2", "acme.example:${GONE}", "6:38", id="port"),
        pytest.param("203.0.113.0/24", '"${GONE}"', "4:21", id="network"),
        pytest.param("8s", "${GONE}", "9:12", id="duration"),
        pytest.param("10MB", "${GONE}", "11:13", id="size"),
        pytest.param("get: /customers\n", "get: ${GONE}/x\n", "14:10", id="path"),
        pytest.param("{user}", "{user}${GONE}", "15:27", id="query"),
        pytest.param("endpoint:\n", "endpoint:\n  path: ${GONE}\n", "4:9", id="endpoint-path"),
        pytest.param(
            "endpoint:\n", "endpoint:\n  user_parameter: ${GONE}\n", "4:19", id="parameter"
        ),
        pytest.param(
            "{allow: [203.0.113.0/24]}",
            '{secret_header: "${GONE}", secrets: ["${SECRET}"]}',
            "4:28",
            id="secret-header",
        ),
        pytest.param(
            "{allow: [203.0.113.0/24]}",
            '{secret_header: X-S, secrets: ["${GONE}"]}',
            "4:43",
            id="secret",
        ),
    ],
)
def test_a_missing_variable_is_an_error_or_a_placeholder(old: str, new: str, place: str) -> None:
    """A missing variable is one error at its place, or one warning with placeholder text."""
    text = change((old, new))

    assert short(findings(text)) == [f"{place} error TB020"]
    assert "GONE" in findings(text)[0].message
    assert short(read(text, placeholders=True).warnings) == [f"{place} warning TB021"]


@pytest.mark.parametrize(
    ("old", "new", "has_default"),
    [
        ("https://api.acme.example/v2", "${GONE}", True),
        ("https://api.acme.example/v2", "${GONE_TOKEN}", False),
        ("${TOKEN}", "${GONE}", False),
        ("X-Channel: resale", 'X-Channel: "${GONE}"', True),
        ("X-Channel: resale", 'X-Api-Key: "${GONE}"', False),
        ("{user}", "{user}${GONE_KEY}", False),
        (
            "{allow: [203.0.113.0/24]}",
            '{secret_header: "${GONE}", secrets: ["${SECRET}"]}',
            True,
        ),
        ("{allow: [203.0.113.0/24]}", '{secret_header: X-A, secrets: ["${GONE}"]}', False),
        (
            '{type: bearer, token: "${TOKEN}"}',
            '{type: api_key, in: header, name: X-A, value: "${GONE}"}',
            False,
        ),
        (
            '{type: bearer, token: "${TOKEN}"}',
            '{type: basic, username: "${GONE}", password: "${TOKEN}"}',
            True,
        ),
    ],
)
def test_no_default_is_proposed_for_a_secret(old: str, new: str, *, has_default: bool) -> None:
    """A default stands in the file, which two companies read."""
    (found,) = [f for f in findings(change((old, new))) if f.code == "TB020"]

    assert found.suggestion.startswith("set GONE")
    assert ("write ${GONE" in found.suggestion) is has_default


def test_placeholders_keep_a_mapping_closed_and_whole() -> None:
    """With placeholders nothing opens up: the network lets nobody in, and the URL leads nowhere."""
    spec = read(
        change(("[203.0.113.0/24]", '["${NET}"]'), ("https://api.acme.example/v2", "${API}")),
        placeholders=True,
    )

    assert [str(network) for network in spec.endpoint.access.allow] == ["192.0.2.0/32"]
    assert spec.upstream.base_url == "https://placeholder.invalid"


@pytest.mark.parametrize(
    ("url", "read_as"),
    [
        ("${API}/v1", "https://placeholder.invalid/v1"),
        ("${API}/shops/${SHOP}", "https://placeholder.invalid/shops/placeholder"),
        ("${API}:8080/v1", "https://placeholder.invalid:8080/v1"),
        ("ftp://${API}/v1", "https://placeholder.invalid"),
    ],
)
def test_a_placeholder_of_a_url_keeps_the_path_behind_it(url: str, read_as: str) -> None:
    """A platform names its next page with the path of base_url, also where cases run without variables."""
    spec = read(change(("https://api.acme.example/v2", url)), placeholders=True)

    assert spec.upstream.base_url == read_as


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "{allow: [203.0.113.0/24]}", '{secret_header: X-S, secrets: ["${A:-}"]}', id="secrets"
        ),
        pytest.param("${TOKEN}", "${A:-}", id="token"),
    ],
)
def test_an_empty_credential_is_refused_save_with_placeholders(old: str, new: str) -> None:
    """No credential is left empty: an error, but not where a mapping is read without them."""
    text = change((old, new))
    spec = read(text, placeholders=True)

    assert [finding.severity for finding in findings(text)] == ["error"]
    assert spec.warnings == ()
    assert all(each.text.reveal() == PLACEHOLDER for each in spec.endpoint.access.secrets)


def test_empty_secrets_are_dropped() -> None:
    """Empty secrets are ignored, so that one can be rotated in."""
    text = change(
        ("{allow: [203.0.113.0/24]}", '{secret_header: X-S, secrets: ["${SECRET}", "${B:-}"]}')
    )

    assert read(text).endpoint.access.secrets == (
        SharedSecret(Secret("s3cret-of-menta-tech"), 1, "SECRET"),
    )


BAD_VALUES = [
    pytest.param(
        '{type: bearer, token: "${TOKEN}"}',
        "{type: api_key, in: cookie, name: k, value: '${BAD}'}",
        "b\nc",
        id="line-break-in-a-cookie",
    ),
    pytest.param("${TOKEN}", "${BAD}", "a\nb", id="token"),
    pytest.param("${TOKEN}", "${BAD}", "a\x00b", id="nul-in-a-token"),
    pytest.param("${TOKEN}", "${BAD}", "b ", id="space-behind-a-token"),
    pytest.param("${TOKEN}", "${BAD}", "bé", id="letter-that-no-header-has"),
    pytest.param("resale", "'${BAD}'", "a\rb", id="header"),
    pytest.param("https://api.acme.example/v2", "${BAD}", "https://a.example/\nb", id="url"),
    pytest.param("https://api.acme.example/v2", "${BAD}", "b/c", id="relative-url"),
    pytest.param("203.0.113.0/24", "'${BAD}'", "10.0.0.1/8", id="network"),
    pytest.param("203.0.113.0/24", "'${BAD}'", "zq", id="no-network"),
    pytest.param("8s", "${BAD}", "8 b", id="duration"),
    pytest.param("10MB", "${BAD}", "8b", id="size"),
    pytest.param("get: /customers\n", "get: /${BAD}\n", "b\nc", id="path"),
    pytest.param("get: /customers\n", "get: /${BAD}\n", "b?c", id="query-in-a-path"),
    pytest.param("get: /customers\n", "get: /${BAD}\n", "zq/../a", id="dots-in-a-path"),
    pytest.param("get: /customers\n", "get: ${BAD}\n", "zq", id="path-without-slash"),
    pytest.param(
        "    take: body.data[0]",
        "    headers: {X-A: '${BAD}'}\n    take: body.data[0]",
        "b\nc",
        id="header-of-a-call",
    ),
    pytest.param(
        "    take: body.data[0]",
        "    headers: {X-A: '{user}${BAD}'}\n    take: body.data[0]",
        "b\nc",
        id="header-with-a-hole",
    ),
    pytest.param("endpoint:\n", "endpoint:\n  path: ${BAD}\n", "zq", id="endpoint-path"),
    pytest.param("endpoint:\n", "endpoint:\n  user_parameter: ${BAD}\n", "b&", id="parameter"),
    pytest.param(
        "{allow: [203.0.113.0/24]}",
        "{secret_header: '${BAD}', secrets: ['${SECRET}']}",
        "X b",
        id="secret-header",
    ),
    pytest.param(
        "{allow: [203.0.113.0/24]}",
        "{secret_header: X-S, secrets: ['${BAD}']}",
        "b\nc",
        id="secret",
    ),
    pytest.param(
        '{type: bearer, token: "${TOKEN}"}',
        "{type: basic, username: '${BAD}', password: '${TOKEN}'}",
        "b:c",
        id="user-name",
    ),
    pytest.param(
        '{type: bearer, token: "${TOKEN}"}',
        "{type: api_key, in: header, name: '${BAD}', value: '${TOKEN}'}",
        "Host",
        id="name-of-a-key",
    ),
    pytest.param(
        '{type: bearer, token: "${TOKEN}"}',
        "{type: api_key, in: cookie, name: k, value: '${BAD}'}",
        "b;c",
        id="cookie",
    ),
]


@pytest.mark.parametrize(("old", "new", "value"), BAD_VALUES)
def test_a_value_that_does_not_fit_names_its_variable(old: str, new: str, value: str) -> None:
    """A value that cannot stand in its place is one error: it names the variable, not the value."""
    found = findings(change((old, new)), variables={"BAD": value})

    assert [finding.severity for finding in found] == ["error"]
    assert "(from BAD)" in found[0].message
    assert value not in f"{found[0].message} {found[0].suggestion}".replace("(from BAD)", "")


def test_values_never_show() -> None:
    """No value of the environment is in a spec's repr, in a finding or in a traceback."""
    text = change(("resale", "'${HIDDEN}'"), ('"{user}"', '"{user}${HIDDEN}"'))
    spec = read(text, variables={"HIDDEN": HIDDEN, "TOKEN": HIDDEN})
    environment = Environment({"HIDDEN": HIDDEN})
    with pytest.raises(MappingError) as caught:
        read(text.replace("8s", "8"), variables={"HIDDEN": HIDDEN + "\n", "TOKEN": HIDDEN + "\n"})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.findings)

    assert HIDDEN not in repr(spec) + str(spec)
    assert HIDDEN not in repr(environment) + repr(environment.look_up("HIDDEN", None))
    assert HIDDEN not in shown


def test_a_value_changes_no_structure() -> None:
    """A value with braces is a part of the text, and no hole."""
    spec = read(change(('"{user}"', '"{user}-${HIDDEN}"')), variables={"HIDDEN": "{page}"})
    call = spec.source[0]
    assert isinstance(call, CallSpec)

    assert call.request.query["email"][0].parts[1:] == ("-", Secret("{page}"))


@pytest.mark.parametrize("name", ["MENTA_SECRET", "ACME_TOKEN"])
def test_of_an_empty_file_the_finding_names_its_variable(tmp_path: Path, name: str) -> None:
    """A secret that is mounted and empty is not a variable that is not set."""
    empty, file = tmp_path / "empty", tmp_path / "acme.yaml"
    empty.write_text("\n")
    file.write_text(json.dumps(mapping()))
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": "http://127.0.0.1:9"}
    del variables[name]
    environment = Environment({**variables, f"{name}_FILE": str(empty)})

    with pytest.raises(MappingError) as caught:
        load_mapping(file, environment=environment)

    (found,) = caught.value.findings
    assert found.suggestion == f"the file that {name}_FILE names is empty: fill it"
