"""`fetch --record`: a real answer as a case that passes, without anyone's data in it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, item, order, orders
from tests.workbench.cases_support import Folder, run_cases
from ticketbridge.cli import main
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import compile_for_cases, load_for_cases
from ticketbridge.workbench.record.case_writing import WrittenCase
from ticketbridge.workbench.record.recording import RecordError, keep_case

pytestmark = pytest.mark.anyio
FILE = "acme.cases.yaml"
HOLDER = {"name": "Ana López", "phone": "+34 600 111 222", "dni": "12345678Z"}


@pytest.fixture
def folder(tmp_path: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the tests' mapping, its variables set."""
    monkeypatch.chdir(tmp_path)
    variables = {
        "MENTA_SECRET": SECRET,
        "ACME_TOKEN": TOKEN,
        "ACME_API": f"{platform.url}/v2",
        "ACME_SHOP": "the-shop",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


@pytest.fixture
def record(folder: Folder, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `ticketbridge fetch … --record acme.cases.yaml`; gives exit code, stderr and what was written."""

    async def record(*arguments: str, file: str = FILE) -> tuple[int, str, str]:
        words = ["fetch", "acme.yaml", "--user", USER, "--record", file, *arguments]
        code = await anyio.to_thread.run_sync(main, words)
        path = folder.path / file
        return code, capsys.readouterr().err, path.read_text("utf-8") if path.is_file() else ""

    return record


async def passes(folder: Folder) -> bool:
    """Whether all cases beside the mapping pass, and there is one."""
    results = await anyio.to_thread.run_sync(run_cases, folder.mapping)
    return bool(results) and all(result.passed for result in results)


async def test_an_answer_becomes_a_case_that_passes(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Personal data is replaced consistently; ids, states and prices are kept."""
    folder.map({"ticket.fields.tags": "[join(':', ['to', order.holder.first])]"})
    holder = {**HOLDER, "first": "Ana", "first_name": "Ana"}
    mine = order(item("007"), item(8, state="REFUNDED"), holder=holder, to="Ana López")
    other = order(item(9), email="Bana@example.com", holder={"name": "Bea Marín"})
    platform.on("/v2/orders", Reply(json=orders(mine, other)))

    code, err, text = await record("--case", "two orders")

    assert (code, await passes(folder)) == (0, True)
    assert f"{FILE}: recorded the case `two orders`" in err
    (case,) = read_cases(folder.cases).cases
    assert (case.user, case.now is not None) == ("user@example.com", True)
    assert case.expect.tickets is not None
    assert [ticket["ticketId"] for ticket in case.expect.tickets] == ["007"]
    assert case.expect.verdicts == {"returned": 1, "not_eligible:REFUNDED": 1, "not_owner": 1}
    answered = json.loads(case.answers[0].content)["orders"]
    assert answered[0]["to"] == answered[0]["holder"]["name"] == "Alex Baker"
    assert (answered[0]["email"], answered[1]["email"]) == (
        "user@example.com",
        "Person1@Example.com",
    )
    for real in ("ana@", "Ana", "López", "600 111", "12345678", "Marín", TOKEN, platform.url):
        assert real.casefold() not in text.casefold()


async def test_cases_are_added_below_those_that_are_there(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """What stands in the file stays, comments included; a name that is taken is refused."""
    platform.on("/v2/orders", Reply(json=orders()))
    folder.cases.write_text("# mine\n- case: one\n  user: b\n  expect: {problem: invalid-user}\n")

    first = await record("--case", "two")
    again = await record("--case", "two")

    assert first[0] == 0
    assert first[2].startswith("# mine\n- case: one\n")
    assert [case.name for case in read_cases(folder.cases).cases] == ["one", "two"]
    assert again[0] == 1
    assert "nothing was recorded: the case cannot be added to the file" in again[1]
    assert again[2] == first[2]


async def test_absolute_addresses_lose_their_host(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """The next page's URL is {BASE}, the user in it is the stand-in, a key in it goes."""
    folder.map(
        {
            "source.0.pages": {"next_url": "body.next"},
            "upstream.auth": {
                "type": "api_key",
                "in": "query",
                "name": "key",
                "value": "${ACME_TOKEN}",
            },
        }
    )
    here = f"{platform.url}/v2/orders?email=ana%40example.com&after=7&key={TOKEN}"
    first = {**orders(order(item(1), self=f"{platform.url}/o/1")), "next": here}
    platform.on("/v2/orders", Reply(json=first))
    platform.on(
        "/v2/orders", Reply(json={**orders(order(item(2))), "next": None}), query={"after": "7"}
    )

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert "{BASE}/orders?email=user@example.com&after=7" in text
    assert "http://platform.example/" in text
    assert platform.url not in text
    assert 'get: "/orders?email=user@example.com&after=7"' in text
    assert TOKEN not in text


async def test_a_cursor_that_hides_the_user_is_another(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """It is replaced in the answer and in the request alike."""
    folder.map(
        {
            "source.0.query": {"email": "{user}", "after": "{page.cursor}"},
            "source.0.pages": {"cursor": "body.next"},
        }
    )
    cursor = base64.urlsafe_b64encode(b'{"email":"ana@example.com"}').decode().rstrip("=")
    platform.on("/v2/orders", Reply(json={**orders(order(item(1))), "next": cursor}))
    platform.on(
        "/v2/orders", Reply(json={**orders(order(item(2))), "next": None}), query={"after": cursor}
    )

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert cursor not in text


async def test_variables_in_paths_are_not_written(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Cases run without variables, so that their calls are those with placeholders."""
    folder.map(
        {
            "source.0.get": "/${ACME_SHOP}/orders",
            "source.1": {"name": "item", "get": "/${ACME_SHOP}/{order.event}", "each": "body"},
        }
    )
    platform.on("/v2/the-shop/orders", Reply(json=orders(order(event="a"), order(event="b"))))
    platform.on("/v2/the-shop/a", Reply(json=[item(1)]))
    platform.on("/v2/the-shop/b", Reply(503, json={}), Reply(json=[item(2)]))
    folder_mapping = json.loads(folder.mapping.read_text())
    folder_mapping["upstream"]["retries"] = 1
    folder.mapping.write_text(json.dumps(folder_mapping))

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert "the-shop" not in text
    assert "status: 503" in text


async def test_a_post_is_recorded_with_what_it_sent(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """A JSON body and a form, with the stand-in in them."""
    del platform
    for body in ({"json": {"email": "{user}"}}, {"form": {"email": "{user}"}}):
        folder.cases.unlink(missing_ok=True)
        call = {"name": "order", "post": "/search", "idempotent": True, "each": "body.orders"}
        folder.map({"source.0": {**call, **body}})
        code, _, text = await record()
        assert (code, await passes(folder)) == (0, True)
        assert "post: /search" in text
        assert f"{next(iter(body))}: {{email: user@example.com}}" in text


@pytest.fixture(autouse=True)
def search(platform: FakePlatform) -> None:
    """What the platform finds by POST."""
    platform.on("/v2/search", Reply(json=orders(order(item(1)))))


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        pytest.param(Reply(404, json={"error": "of ana@example.com"}), "upstream-error", id="404"),
        pytest.param(
            Reply(body=b"<html>Sorry, Ana L</html>", content_type="text/html"),
            "upstream-unreadable",
            id="HTML",
        ),
        pytest.param(
            Reply(body=b"<a>Ana \xff</a>", content_type="text/xml"),
            "upstream-unreadable",
            id="XML in no encoding",
        ),
        pytest.param(Reply(body=b'{"orders": [', headers={}), "upstream-unreadable", id="cut JSON"),
        pytest.param(Reply(body=b"", content_type=None), "upstream-unreadable", id="nothing"),
        pytest.param(Reply(json=orders(order(item(1, state="NEW")))), "mapping-mismatch", id="new"),
        pytest.param(
            Reply(429, json={}, headers={"Retry-After": "9", "Set-Cookie": "a=b"}),
            "upstream-unavailable",
            id="429",
        ),
    ],
)
async def test_a_problem_is_recorded_too(
    platform: FakePlatform, folder: Folder, record: Any, reply: Reply, problem: str
) -> None:
    """The case expects it; a page that cannot be read is not written down: anyone may stand in it."""
    platform.on("/v2/orders", reply)

    code, _, text = await record()

    assert (code, await passes(folder)) == (1, True)
    assert f"problem: {problem}\n" in text
    assert "Ana" not in text
    assert "cookie" not in text.lower()


async def test_a_long_answer_goes_to_a_file_of_its_own(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """It is JSON in `samples`, beside the cases."""
    platform.on("/v2/orders", Reply(json=orders(order(*(item(n) for n in range(400))))))

    code, _, text = await record()

    (sample,) = (folder.path / "samples").iterdir()
    assert (code, await passes(folder)) == (0, True)
    assert f"body_file: samples/{sample.name}" in text
    assert len(json.loads(sample.read_text())["orders"][0]["items"]) == 400


async def test_text_that_yaml_would_change_is_escaped(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Line separators and the like survive; so do long digits."""
    odd = "a\u2028b\x85c\x7f\ufeff\U0001f3ab"
    platform.on("/v2/orders", Reply(json=orders(order(item(10**25, memo=odd)))))

    code, _, _ = await record()

    assert (code, await passes(folder)) == (0, True)


async def test_a_header_that_the_mapping_reads_is_kept(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Others are left out, and those that carry credentials always."""
    folder.map({"source.0.responses": [{"when": "headers.\"x-found\" == 'no'", "then": "empty"}]})
    headers = {
        "X-Found": "no",
        "X-Other": "1",
        "Link": '<http://x.example/ana@example.com>; rel="a"',
    }
    platform.on("/v2/orders", Reply(json={}, headers=headers))

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert "x-found: no" in text
    assert "x-other" not in text
    assert "x.example" not in text


async def test_xml_is_recorded_as_text(platform: FakePlatform, folder: Folder, record: Any) -> None:
    """With stand-ins in it."""
    folder.map(
        {
            "source.0.format": {"xml": {"lists": ["orders/order", "order/item"]}},
            "source.0.each": "body.orders.order",
            "source.1.each": "order.item",
        }
    )
    body = (
        b"<?xml version='1.0' encoding='ISO-8859-1'?>"
        b"<orders><order><email>ana@example.com</email><event>f</event><name>Ana L\xf3pez</name>"
        b"<item><id>7</id><state>PAID</state><zone>A</zone><price>10</price></item></order></orders>"
    )
    platform.on("/v2/orders", Reply(body=body, content_type="text/xml;charset=latin1"))

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert "<name>Alex Baker</name>" in text


async def test_a_login_is_not_recorded(platform: FakePlatform, folder: Folder, record: Any) -> None:
    """A case needs none, and its token is a credential."""
    login = {"post": "/login", "json": {"key": "${ACME_TOKEN}"}}
    folder.map({"upstream.auth": {"type": "session", "login": login, "token": "body.token"}})
    platform.on("/v2/login", Reply(json={"token": "session-9876"}))
    platform.on("/v2/orders", Reply(json=orders(order(item(1), echo="session-9876"))))

    code, _, text = await record()

    assert (code, await passes(folder)) == (0, True)
    assert "login" not in text
    assert "session-9876" not in text


async def test_a_placed_token_is_not_recorded(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """It is masked where the request places it, and wherever the platform repeats it."""
    login = {"post": "/login", "json": {"key": "${ACME_TOKEN}"}}
    auth = {"type": "session", "login": login, "token": "{s: body.result}", "place": "request"}
    folder.map(
        {
            "upstream.auth": auth,
            "source.0.query.part": "{token.s}",
            "source.0.pages": {"next_url": "body.next"},
            "ticket.not_eligible_when": {"gone": "length(order.echo) == `3`"},
        }
    )
    platform.on("/v2/login", Reply(json={"result": "winter evening"}))
    following = f"{platform.url}/v2/orders?part=winter%20evening&page=2&email=ana%40example.com"
    first = {**orders(order(item(1), echo="winter evening")), "next": following}
    platform.on("/v2/orders", Reply(json=first))
    platform.on("/v2/orders", Reply(json={**orders(), "next": None}), query={"page": "2"})

    code, err, text = await record()

    assert (code, err if code else "", await passes(folder)) == (0, "", True)
    assert "(token)" in text or "%28token%29" in text
    assert "winter" not in text


# --- nothing is recorded --------------------------------------------------------------------------


async def test_a_call_without_an_answer_cannot_be_recorded(
    folder: Folder, record: Any, platform: FakePlatform
) -> None:
    """A case says what the platform answered, and it did not."""
    platform.on("/v2/orders", Reply(raw=b"nonsense\r\n\r\n"))

    code, err, text = await record()

    assert (code, text) == (1, "")
    assert "nothing was recorded: no answer was recorded for the call order: GET /orders (" in err
    assert not folder.cases.exists()


async def test_an_outcome_that_made_up_data_would_change_is_not_recorded(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """A mapping that decides by a name gives another verdict for another name."""
    folder.map({"ticket.not_eligible_when": {"banned": "order.holder.name != 'Ana López'"}})
    platform.on("/v2/orders", Reply(json=orders(order(item(1), holder=HOLDER))))

    code, err, text = await record()

    assert (code, text) == (1, "")
    assert "with made-up data in place of personal data, the verdicts are" in err


async def test_another_outcome_is_not_recorded(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """A table of names has no stand-in in it, so that the answer would be a problem."""
    table = {"from": "order.holder.name", "values": {"Ana López": "gold"}}
    folder.map({"ticket.fields.ticketOptionId": table})
    platform.on("/v2/orders", Reply(json=orders(order(item(1), holder=HOLDER))))

    code, err, text = await record()

    assert (code, text) == (1, "")
    assert "the outcome is the problem mapping-mismatch, and was an answer" in err


async def test_a_name_that_would_be_left_is_not_recorded(
    platform: FakePlatform, record: Any
) -> None:
    """What is looked for last is looked for in the text that would be written."""
    platform.on("/v2/orders", Reply(json=orders(order(item(1), holder={"name": "Ana López"}))))

    code, err, text = await record("--case", "what Ana López has")

    assert (code, text) == (1, "")
    assert "personal data would be left in the case (name)" in err


async def test_a_ticket_that_made_up_data_would_change_is_not_recorded(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Fields that are nobody's data must stay as they were."""
    folder.map(
        {
            "ticket.fields.price": "length(order.holder.dni)",
            "ticket.fields.ticketOptionId": "order.holder.dni",
        }
    )
    platform.on("/v2/orders", Reply(json=orders(order(item(1), holder=HOLDER))))

    code, _, text = await record()
    assert (code, "12345678" in text) == (0, False)

    folder.cases.unlink()
    folder.map({"ticket.fields.price": "split(order.holder.phone, ' ')[1]"})
    code, err, text = await record()
    assert (code, text) == (1, "")
    assert "ticket 1 has another `price`" in err


async def test_what_cannot_be_added_leaves_nothing_behind(
    platform: FakePlatform, folder: Folder, record: Any
) -> None:
    """Neither the case, nor its sample, nor the file that it was tried in."""
    platform.on("/v2/orders", Reply(json=orders(order(*(item(n) for n in range(400))))))
    folder.cases.write_text("- {case: [}")

    code, err, text = await record()

    assert (code, text) == (1, "- {case: [}")
    assert "the case cannot be added to the file" in err
    left = {path.name for path in folder.path.rglob("*") if path.is_file()}
    assert left == {"acme.yaml", FILE}


async def test_a_folder_that_is_not_there_is_said(
    platform: FakePlatform, record: Any, folder: Folder
) -> None:
    """The answer is not lost silently."""
    del folder
    platform.on("/v2/orders", Reply(json=orders()))

    code, err, _ = await record(file="none/acme.cases.yaml")

    assert code == 1
    assert "the case cannot be written: No such file or directory" in err


async def test_a_file_that_is_no_text_is_left_alone(
    platform: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not added to."""
    platform.on("/v2/orders", Reply(json=orders()))
    folder.cases.write_bytes(b"\xff")
    words = ["fetch", "acme.yaml", "--user", USER, "--record", FILE]

    assert await anyio.to_thread.run_sync(main, words) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert folder.cases.read_bytes() == b"\xff"


def test_a_case_that_does_not_pass_is_not_added(folder: Folder) -> None:
    """What was written is run before it is kept, whoever has written it."""
    folder.map({})
    offline = compile_for_cases(load_for_cases(folder.mapping))
    text = "- case: one\n  user: b\n  expect: {problem: invalid-user}\n"
    keep_case(WrittenCase(text, {}), "one", folder.cases, offline)
    before = folder.cases.read_text()
    wrong = text.replace("one", "two").replace("invalid-user", "unknown-user")

    with pytest.raises(RecordError, match="the recorded case does not pass"):
        keep_case(WrittenCase(wrong, {}), "two", folder.cases, offline)
    assert folder.cases.read_text() == before
