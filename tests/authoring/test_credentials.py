"""A credential in clear is found by its name and its look, in mappings and cases, and is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticketbridge.authoring.check.codes import read_frame
from ticketbridge.authoring.check.secrets import looks_of_secrets
from ticketbridge.cli import main

CODE = "9f8a7c6b5d4e3f2a1b0c"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"get: /event/1235/attendees?user=4711&key={CODE}", 42),
        (f'  - {{get: "/orders?email=a@b.example&sig={CODE}", body: {{}}}}', 42),
        ("- get: /orders?pwd=hunter22", 20),
        (f"query: {{code: {CODE}}}", 15),
        (f"x-functions-key: '{CODE}'", 19),
        (f"headers: {{X-Hash: {CODE}}}", 19),
        (f"order_management: https://shop.example/my_order.php?id=264751&code={CODE}", 68),
        (f"locator: https://shop.example/t/{CODE}", 33),
        (f"pdf: https://shop.example/pdf/{CODE}.pdf", 31),
        (f"qr_data: {CODE}", 10),
        (f"scan_code: '{CODE.upper()}'", 13),
        ("session: 1b4e28ba-2fa1-41d2-883f-0016d3cca427", 10),
        (f'json: {{"apiKey": "{CODE}"}}', 19),
    ],
)
def test_a_value_that_opens_something_is_found(line: str, column: int) -> None:
    """By a name that says so, by chance that looks like chance, or by a link with such a part."""
    (found,) = looks_of_secrets(f"a: b\n{line}\n", "acme.cases.yaml")

    assert (found.code, found.severity, found.place.line) == ("TB053", "warning", 2)
    assert found.place.column == column


@pytest.mark.parametrize(
    "line",
    [
        *('token: "${ACME_TOKEN}"', "get: /orders?key={user}", "query: {sort_key: created_at}"),
        *("- {key: _ticket_codes, value: [A-1]}", "code: SUMMER26", "currency: EUR", "pin: 1234"),
        *(f"id: {CODE}", "id: 1b4e28ba-2fa1-41d2-883f-0016d3cca427", "event: rockfest-2026"),
        *("barcode: 5a5a5a5a5a5a5a5a5a17", "href: https://platform.example/o/5x5x5x5x5x5x5x5x5x3x"),
        f"# written against https://code.example/x/commit/{CODE}",
        "get: https://shop.example/events/1b4e28ba-2fa1-41d2-883f-0016d3cca427/orders",
        "value: hmac(request.path, secrets.key, 'sha256', 'base64')",
    ],
)
def test_what_opens_nothing_is_not_doubted(line: str) -> None:
    """Variables, words, ids, what is made up by us, and where a comment leads."""
    assert list(looks_of_secrets(line, "acme.yaml")) == []


@pytest.mark.parametrize("key", ["key", "sid", "signature", "app_key", "subscription-key", "pwd"])
def test_a_parameter_that_is_called_so_holds_a_credential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    """Its value counts whatever it looks like, and `check` does not show it."""
    text = read_frame().replace("{email:", f"{{{key}: opensesame, email:")
    (tmp_path / "acme.yaml").write_text(text, "utf-8")

    main(["check", str(tmp_path / "acme.yaml")])

    out = capsys.readouterr().out
    assert "TB053" in out
    assert "opensesame" not in out


def test_check_looks_into_cases_and_shows_no_credential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In what was asked, in what was answered, and in what is expected."""
    (tmp_path / "acme.yaml").write_text(read_frame(), "utf-8")
    cases = (
        "- case: one\n  user: ana@example.com\n  upstream:\n"
        f'    - get: "/orders?email=ana@example.com&key={CODE}"\n'
        f"      body: {{orders: [{{link: https://shop.example/o/{CODE}}}]}}\n"
        f"  expect: {{tickets: [{{ticketAccess: {{type: URL, locator: https://a.example/{CODE}}}}}]}}\n"
    )
    (tmp_path / "acme.cases.yaml").write_text(cases, "utf-8")

    main(["check", str(tmp_path / "acme.yaml")])

    out = capsys.readouterr().out
    assert out.count("TB053") == 3
    assert CODE not in out
