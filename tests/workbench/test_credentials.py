"""A credential in clear is found by its name and its look, in mappings and cases, and is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticketbridge.cli import main
from ticketbridge.workbench.check.codes import read_frame
from ticketbridge.workbench.check.secrets import find_secret_looks

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
    (found,) = find_secret_looks(f"a: b\n{line}\n", "acme.cases.yaml")

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
    assert list(find_secret_looks(line, "acme.yaml")) == []


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


CASE = """
- case: one
  user: ana@example.com
  upstream:
    - get: /orders
      body_file: samples/orders.{ending}
  expect: {{tickets: []}}
- case: two
  user: ana@example.com
  upstream:
    - {{get: /orders, body_file: samples/orders.{ending}}}
  expect: {{tickets: []}}
"""
JSON = rf'{{"code": "{CODE}", "link": "https:\/\/shop.example\/o\/{CODE}", "id": "{CODE}"}}'


@pytest.mark.parametrize(
    ("ending", "content", "places"),
    [
        ("json", JSON.encode(), ["orders.json:1:11", "orders.json:1:70"]),
        ("json", JSON.replace(", ", ",\n").encode(), ["orders.json:1:11", "orders.json:2:37"]),
        ("xml", f"<r>\n<a qr='{CODE}'/></r>".encode(), ["orders.xml:2:8"]),
        ("xml", f"<?xml version='1.0'?>\n<a qr='{CODE}'/>".encode("utf-16"), ["orders.xml:2:8"]),
        ("xml", f"<a n='\xe9'\n qr='{CODE}'/>".encode("latin-1"), ["orders.xml:2:6"]),
    ],
    ids=["one line", "lines", "XML", "UTF-16", "Latin-1"],
)
@pytest.mark.parametrize("place", ["a cases file", "Markdown"])
def test_check_looks_into_the_files_of_answers(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    ending: str,
    content: bytes,
    places: list[str],
    place: str,
) -> None:
    """Recorded answers are where credentials are: each file is told of once, in any encoding."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / f"orders.{ending}").write_bytes(content)
    cases = CASE.format(ending=ending)
    (tmp_path / "acme.yaml").write_text(read_frame(), "utf-8")
    if place == "Markdown":
        (tmp_path / "acme.md").write_text(f"# A case\n\n```yaml{cases}```\n", "utf-8")
    else:
        (tmp_path / "acme.cases.yaml").write_text(cases, "utf-8")

    main(["check", str(tmp_path)])

    out = capsys.readouterr().out
    assert out.count("TB053") == len(places)
    assert [name for name in places if name not in out] == []
    assert CODE not in out


def test_check_looks_into_cases_in_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case in a guide is read by more people than one in a file of its own."""
    case = f"- case: one\n  user: ana@example.com\n  upstream:\n    - get: /orders?key={CODE}\n"
    text = f"```yaml\n{case}      body: []\n  expect: {{tickets: []}}\n```\n"
    (tmp_path / "guide.md").write_text(text, "utf-8")

    main(["check", str(tmp_path / "guide.md")])

    out = capsys.readouterr().out
    assert "guide.md:5:24" in out
    assert out.count("TB053") == 1
    assert CODE not in out
