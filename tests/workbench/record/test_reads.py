"""What the mapping reads is kept where it decides, and replaced consistently where it is personal."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, Changes, item, order, orders
from tests.workbench.cases_support import Folder, run_cases
from tests.workbench.record.planted import left_in, with_planted
from ticketbridge.cli import main
from ticketbridge.workbench.cases.reader import read_cases

pytestmark = pytest.mark.anyio
CODE = "9f8a7c6b5d4e3f2a1b0c"


class Recorder:
    """Records what a platform answers to the tests' mapping, with changes."""

    def __init__(self, path: Path, platform: FakePlatform, capsys: Any) -> None:
        self.folder = Folder(path)
        self._platform = platform
        self._capsys = capsys

    async def record(self, changes: Changes, *arguments: str, user: str = USER) -> tuple[int, str]:
        """The exit code and all that was written, or what was said where nothing was."""
        self.folder.map(changes)
        self.folder.cases.unlink(missing_ok=True)
        words = ["fetch", "acme.yaml", "--user", user, "--record", "acme.cases.yaml", *arguments]
        code = await anyio.to_thread.run_sync(main, words)
        said = self._capsys.readouterr().err
        if not self.folder.cases.is_file():
            return code, said
        results = await anyio.to_thread.run_sync(run_cases, self.folder.mapping)
        assert [result.message for result in results] == [""]
        files = (path for path in self.folder.path.rglob("*") if path.name != "acme.yaml")
        return code, "\n".join(path.read_text("utf-8") for path in files if path.is_file())

    @property
    def ticket(self) -> dict[str, Any]:
        """The first ticket that the case expects."""
        return dict((self._case().expect.tickets or [])[0])

    @property
    def answer(self) -> Any:
        """What the case says that the platform answers first."""
        return json.loads(self._case().answers[0].content)

    def _case(self) -> Any:
        (case,) = read_cases(self.folder.cases).cases
        return case


@pytest.fixture
def recorder(
    tmp_path: Path,
    platform: FakePlatform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Recorder:
    """A recorder in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": f"{platform.url}/v2"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Recorder(tmp_path, platform, capsys)


async def test_the_field_that_opens_the_door_is_another(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """A locator is replaced where it stands, in the URL around it, and where it is the ticket's id too."""
    tickets = [
        item(1, pass_ref=CODE, open=f"https://shop.example/in/{CODE}", n="AB12"),
        item(2, pass_ref="zone-7-b", open="https://shop.example/plantina/in/x7", n="AB13"),
    ]
    platform.on("/v2/orders", Reply(json=orders(order(*tickets))))
    changes = {
        "ticket.fields.ticketId": "item.pass_ref",
        "ticket.fields.ticketAccess": {"type": {"const": "URL"}, "locator": "item.open"},
        "ticket.fields.props": {"urls": {"door": "item.open"}},
        "ticket.fields.metadata": {"n": "item.n"},
    }

    code, text = await recorder.record(changes)

    assert code == 0
    for real in (CODE, "in/x7", "plantina", "AB12", "AB13"):
        assert real not in text
    made = recorder.ticket
    assert made["ticketId"] in made["ticketAccess"]["locator"]
    assert "zone-7-b" in text


async def test_what_is_nobodys_in_a_field_of_a_person_is_replaced_all_the_same(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """A name with digits, a number that is a document's, a blank, and a URL in place of a phone number."""
    person = {
        "a": "nobody",
        "b": "R2-D2 / 77",
        "c": 48372615,
        "d": " ",
        "e": "https://x.example/p/77",
    }
    platform.on("/v2/orders", Reply(json=orders(order(item(1, who=person)))))
    changes = {
        "ticket.fields.primarySaleBuyerData": {
            "firstName": "item.who.b",
            "lastName": "item.who.d",
            "identificationNumber": "to_string(item.who.c)",
            "phoneNumber": "item.who.e",
        },
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    kept = recorder.answer["orders"][0]["items"][0]["who"]
    assert isinstance(kept["c"], int)
    assert {48372615, "R2-D2 / 77"}.isdisjoint(kept.values())


async def test_a_document_in_a_text_that_decides_is_kept_without_persons(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """What decides in it stays; an address in it is another one, be the text JSON or not."""
    whole = json.dumps({"colour": "green", "mail": "planted@mail.example"})
    items = [item(1, doc=whole), item(2, doc="{green planted@mail.example"), item(3, doc='["red"]')]
    platform.on("/v2/orders", Reply(json=orders(order(*items))))

    code, text = await recorder.record(
        {"ticket.not_eligible_when": {"marked": "contains(item.doc, 'green')"}}
    )

    assert (code, left_in(text)) == (0, [])
    docs = [one["doc"] for one in recorder.answer["orders"][0]["items"]]
    assert json.loads(docs[0])["colour"] == "green"
    assert docs[1].startswith("{green ")
    assert docs[2] == '["red"]'


async def test_only_the_element_that_a_lookup_finds_is_kept(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Of a list of keys and values, the others are somebody's answers; a found name is another name."""
    meta = [
        {"key": "_billing_dni", "value": "48372615Z"},
        {"key": "_zone", "value": "north"},
        {"key": "Name of Plantina's guest", "value": "Planted Guest"},
        {"key": "_holder", "value": "Planted Holder"},
        {"key": "_phone", "value": "611 222 333"},
    ]
    platform.on("/v2/orders", Reply(json=orders(order(item(1, meta=meta)))))
    changes = {
        "ticket.fields.ticketOptionId": "item.meta[?key == '_zone'].value | [0]",
        "ticket.fields.nominalTicket": {
            "fullName": "lookup(item.meta, 'key', '_holder').value",
            "identification": "item.meta[?key == '_billing_dni'].value | [0]",
        },
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["ticketOptionId"] == "north"
    assert recorder.ticket["nominalTicket"]["fullName"] == "Alex Baker"
    assert "611 222" not in text


async def test_a_bound_text_that_opens_the_door_is_another(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Where codes are a plain list, each is the locator of its ticket, and its id."""
    codes = ["gate-north-nine", "gate-north-ten"]
    platform.on("/v2/orders", Reply(json=orders(order(codes=codes, state="PAID", price=1))))
    changes = {
        "source.1": {"name": "item", "each": "order.codes"},
        "ticket.status.from": "order.state",
        "ticket.fields.ticketId": "item",
        "ticket.fields.ticketOptionId": "order.event",
        "ticket.fields.price": "order.price",
        "ticket.fields.ticketAccess": {"type": {"const": "OTHER"}, "locator": "item"},
    }

    code, text = await recorder.record(changes)

    assert (code, "north" in text) == (0, False)
    assert recorder.ticket["ticketId"] == recorder.ticket["ticketAccess"]["locator"]


async def test_an_id_by_which_a_name_is_found_is_kept(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """A name is replaced; what it was looked up by decides which one it is."""
    people = [{"id": "Bea", "n": "Planted Bea"}, {"id": "Ana", "n": "Planted Ana"}]
    platform.on("/v2/orders", Reply(json=orders(order(item(1, who="Ana"), people=people))))
    full_name = "lookup(order.people, 'id', item.who).n"
    filtered = "join(' ', order.people[?contains(id, 'e')].n)"
    changes = {
        "ticket.fields.ticketId": "item.who",
        "ticket.fields.nominalTicket": {"fullName": full_name},
        "ticket.fields.primarySaleBuyerData": {"firstName": filtered},
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["ticketId"] == "Ana"
    assert recorder.answer["orders"][0]["people"][0]["id"] == "Bea"


async def test_all_fields_of_persons_are_other_persons(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Whatever the platform calls them, and whether the ticket goes out or not."""
    person = {"a": "Plantina", "b": "Plantowski", "c": "48372615Z", "d": "+34611222333", "e": "DNI"}
    records = [item(1, who=person), item(2, who=person, state="REFUNDED")]
    platform.on("/v2/orders", Reply(json=orders(order(*records, by="planted@mail.example"))))
    changes = {
        "ticket.fields.buyer": "order.by",
        "ticket.fields.primarySaleBuyerData": {
            "firstName": "item.who.a",
            "lastName": "item.who.b",
            "identificationType": "item.who.e",
            "identificationNumber": "item.who.c",
            "phoneNumber": "item.who.d",
        },
        "ticket.fields.nominalTicket": {"fullName": "join(' ', [item.who.a, item.who.b])"},
        "ticket.fields.metadata": {"free": "item.who.a", "all": "to_string(item.who)"},
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    buyer = recorder.ticket["primarySaleBuyerData"]
    assert buyer["identificationType"] == "DNI"
    assert (
        recorder.ticket["nominalTicket"]["fullName"] == f"{buyer['firstName']} {buyer['lastName']}"
    )


async def test_all_that_stands_in_a_field_of_persons_is_made_up(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Names that the mapping puts together, in a list or an object, are the same people elsewhere too."""
    people = [{"f": "Plantina", "l": "Plantowski"}, {"f": "Plantus", "l": "Plantez"}]
    plain = item(1, who=people, n="Plantina Plantowski", m="Plantus Plantez")
    platform.on("/v2/orders", Reply(json=orders(order(plain))))
    name = "join(' ', [f, l])"
    changes = {
        "ticket.fields.metadata": {
            "attendee_name": f"item.who[:1].{name}",
            "holder_name": f"{{second: item.who[1].{name}}}",
            "n": "item.n",
            "m": "item.m",
        },
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    made = recorder.ticket["metadata"]
    assert made["attendee_name"] == [made["n"]]
    assert made["holder_name"] == {"second": made["m"]}


async def test_planted_data_beside_what_is_read_is_gone(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """In every object, through filters, joins, merged objects, sorting and a list bound whole."""
    zones = [{"code": "A", "label": "north"}, {"code": "B", "label": "south"}]
    answer = {
        "orders": [order(item(1, zone="A"), item(2, zone="B"), extra={"n": 1})],
        "zones": zones,
    }
    platform.on("/v2/orders", Reply(json=with_planted(answer)))
    platform.on("/v2/zones", Reply(json=with_planted({"zones": zones})))
    source = [
        {"name": "zones", "get": "/zones", "collect": "body.zones"},
        {
            "name": "order",
            "get": "/orders",
            "query": {"email": "{user}"},
            "each": "body.orders[?event == 'fest']",
        },
        {"name": "item", "each": "sort_by(order.items, &id)"},
    ]
    changes = {
        "source": source,
        "ticket.fields.ticketOptionId": "lookup(zones, 'code', item.zone).label",
        "ticket.fields.tags": "[join(':', ['n', to_string(merge(order, order.extra).n)])]",
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["ticketOptionId"] == "north"
    assert recorder.ticket["tags"] == ["n:1"]


async def test_keys_that_are_read_are_kept_or_replaced(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """An object whose keys are addresses has others in the case; one whose keys are zones has its own."""
    seats = {USER: "A1", "leo.planted@mail.example": "A2"}
    rows = {"north-7": 1, "south-9": 2}
    platform.on("/v2/orders", Reply(json=orders(order(item(1, seats=seats, rows=rows)))))
    changes = {
        "ticket.fields.tags": "map(&join(':', ['seat', @]), keys(item.seats))",
        "ticket.fields.ticketOptionId": "join(',', keys(item.rows))",
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["tags"] == ["seat:user@example.com", "seat:person1@example.com"]
    assert recorder.ticket["ticketOptionId"] == "north-7,south-9"


@pytest.mark.parametrize(
    ("algorithm", "encode", "written"),
    [
        ("md5", bytes.hex, USER),
        ("sha1", lambda digest: base64.b64encode(digest).decode(), USER),
        ("sha256", lambda digest: digest.hex().upper(), USER.upper()),
        ("sha512", lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="), USER),
    ],
)
async def test_a_digest_of_the_user_is_that_of_the_stand_in(
    platform: FakePlatform, recorder: Recorder, algorithm: str, encode: Any, written: str
) -> None:
    """A join by the digest of an address still finds its element; the real one is gone."""

    def digest(text: str) -> str:
        made = hashlib.new(algorithm, text.encode(), usedforsecurity=False)
        return str(encode(made.digest()))

    people = [{"h": digest("leo@mail.example"), "z": "B"}, {"h": digest(written), "z": "A"}]
    body = {"orders": [order(item(1, h=digest(written)))], "people": people}
    platform.on("/v2/orders", Reply(json=body))
    source = [
        {"name": "all", "get": "/orders", "query": {"email": "{user}"}, "take": "body"},
        {"name": "order", "each": "all.orders"},
        {"name": "item", "each": "order.items"},
    ]
    zone = "lookup(all.people, 'h', item.h).z"

    code, text = await recorder.record({"source": source, "ticket.fields.ticketOptionId": zone})

    assert (code, digest(written) in text) == (0, False)
    cased = "USER@EXAMPLE.COM" if written.isupper() else "user@example.com"
    assert recorder.answer["orders"][0]["items"][0]["h"] == digest(cased)


async def test_an_address_in_two_fields_is_that_of_the_stand_in(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """An owner that is put together of its parts is still the asked user."""
    parts = {"local": "ana.planted+x", "domain": "mail.example"}
    platform.on("/v2/orders", Reply(json=orders(order(item(1), owner=parts))))
    owner = {"ticket.owner": "join('@', [order.owner.local, order.owner.domain])"}

    code, text = await recorder.record(owner, user="ana.planted+x@mail.example")

    assert (code, left_in(text)) == (0, [])
    assert recorder.answer["orders"][0]["owner"] == {"local": "user", "domain": "example.com"}


async def test_a_next_link_keeps_no_more_than_it_needs(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Its parameters that are no numbers are replaced; the second page is still asked for."""
    link = f"{platform.url}/v2/orders?email=ana%40example.com&page=2&by=Plantina%20P&sig={CODE}"
    head = {"Link": f'<{link}>; rel="next"; title="of Plantina"', "X-Person": "Plantina"}
    head |= {"Set-Cookie": "who=Plantina", "X-Total": "2"}
    platform.on("/v2/orders", Reply(json=orders(order(item(1))), headers=head))
    last = Reply(json=orders(order(item(2))), headers={"X-Total": "2"})
    platform.on("/v2/orders", last, query={"page": "2"})
    pages = {"link_header": True, "total": 'to_number(headers."x-total")'}

    code, text = await recorder.record({"source.0.pages": pages})

    assert (code, left_in(text)) == (0, [])
    assert CODE not in text
    assert "page=2" in text
    assert "x-person" not in text.lower()


async def test_a_cursor_is_another(platform: FakePlatform, recorder: Recorder) -> None:
    """Whatever it hides: the one that is asked for is the one that was answered."""
    first = {**orders(order(item(1))), "next": "Plantina|48372615"}
    platform.on("/v2/orders", Reply(json=first))
    last = Reply(json={**orders(order(item(2))), "next": None})
    platform.on("/v2/orders", last, query={"after": "Plantina|48372615"})
    changes = {
        "source.0.query": {"email": "{user}", "after": "{page.cursor}"},
        "source.0.pages": {"cursor": "body.next"},
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])


async def test_xml_keeps_no_more_than_json(platform: FakePlatform, recorder: Recorder) -> None:
    """Texts, attributes, names of elements, instructions and comments."""
    body = (
        '<?xml version="1.0"?><?of Plantina?><!-- Plantina --><orders xmlns:i="urn:i" of="Plantina">'
        f'<order who="48372615Z"><email>{USER}</email><event>fest</event><plantina>x</plantina>'
        "<nota><![CDATA[Plantina & co]]></nota><i:name i:nil='true'/>"
        '<item><id>7</id><state>PAID</state><zone n="planted">A</zone><price>10</price></item>'
        "</order></orders>"
    )
    platform.on("/v2/orders", Reply(body=body.encode(), content_type="text/xml"))
    changes = {
        "source.0.format": {"xml": {"lists": ["orders/order", "order/item"]}},
        "source.0.each": "body.orders.order",
        "source.1.each": "order.item",
        "ticket.fields.ticketOptionId": 'item.zone."#text"',
    }

    code, text = await recorder.record(changes)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["ticketOptionId"] == "A"
    assert "nil='true'" in text


async def test_a_user_who_is_a_phone_number_is_another(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """In the case, in what is asked for, and in the answer."""
    phone = "+34611222333"
    changes = {"endpoint.user_format": "any", "ticket.owner": "order.tel"}
    platform.on("/v2/orders", Reply(json=orders(order(item(1), tel=phone))))

    code, text = await recorder.record(changes, user=phone)

    assert (code, left_in(text)) == (0, [])
    assert recorder.ticket["ticketId"] == "1"


async def test_a_user_who_is_a_number_of_the_platforms_is_kept(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """It is nobody outside the platform, and whose tickets they are must still be told."""
    changes = {"endpoint.user_format": "any", "ticket.owner": "order.customer"}
    mine, other = order(item(1), customer="c-47"), order(item(2), customer="c-48")
    platform.on("/v2/orders", Reply(json=orders(mine, other)))

    code, text = await recorder.record(changes, user="c-47")

    assert (code, left_in(text)) == (0, [])
    kept = [each["customer"] for each in recorder.answer["orders"]]
    assert kept[0] == "c-47"
    assert kept[1] not in {"c-47", "c-48"}


async def test_an_owner_that_the_mapping_does_not_read_is_the_user_too(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """With `owner: upstream` no value tells whose a ticket is; the answer says it all the same."""
    platform.on("/v2/orders", Reply(json=orders(order(item(1)))))

    code, text = await recorder.record({"ticket.owner": "upstream"})

    assert (code, left_in(text)) == (0, [])
    assert recorder.answer["orders"][0]["email"] == "user@example.com"
    assert recorder.ticket["ticketId"] == "1"


async def test_the_parts_of_an_address_are_not_an_address(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Somebody's address that the mapping puts together is another one, in parts of the same form."""
    by = {"local": "planted.m", "domain": "mail.example"}
    platform.on("/v2/orders", Reply(json=orders(order(item(1), by=by))))

    code, text = await recorder.record(
        {"ticket.fields.buyer": "join('@', [order.by.local, order.by.domain])"}
    )

    assert (code, left_in(text)) == (0, [])
    kept = recorder.answer["orders"][0]["by"]
    assert (
        recorder.ticket["buyer"] == f"{kept['local']}@{kept['domain']}" != "planted.m@mail.example"
    )


async def test_a_value_that_decides_is_kept(platform: FakePlatform, recorder: Recorder) -> None:
    """Status words, dates, prices and ids are what the case is about; other texts are not."""
    plain = item(1, until="2031-05-06T07:08:09Z", kind="plant", held="plantina", price="12.50")
    platform.on(
        "/v2/orders", Reply(json=orders(order(plain, item(2, until=None, kind="x", held=""))))
    )
    reasons = {
        "over": "item.until != `null` && date(item.until) < now()",
        "other": "item.kind == 'x'",
        "held": "item.held == 'for sale'",
    }

    code, text = await recorder.record({"ticket.not_eligible_when": reasons})

    assert (code, left_in(text)) == (0, [])
    assert "2031-05-06T07:08:09Z" in text
    assert "kind: x" in text or '"kind": "x"' in text or "kind: x," in text
    assert recorder.ticket["price"] == 12.5


async def test_a_value_that_decides_is_kept_whatever_way_leads_to_it(
    platform: FakePlatform, recorder: Recorder
) -> None:
    """Slices, values of objects, negations, alternatives, and what is made of several values lead to them."""
    marks = {"a": "green", "b": "red"}
    plain = item(1, marks=marks, steps=["one", "two", "three"], gone=False, note="plantina")
    platform.on("/v2/orders", Reply(json=orders(order(plain))))
    reasons = {
        "marked": "contains(item.marks.*, 'black')",
        "late": "contains(item.steps[0:2], 'three')",
        "gone": "!(item.gone == `false`)",
        "listed": "contains([item.state, item.zone], 'red')",
        "made": "{state: item.state}.state == 'GONE'",
        "either": "(item.gone || item.steps[2]) == 'four'",
    }

    code, text = await recorder.record({"ticket.not_eligible_when": reasons})

    assert (code, left_in(text)) == (0, [])
    kept = recorder.answer["orders"][0]["items"][0]
    assert list(kept["marks"].values()) == list(marks.values())
    assert kept["steps"] == ["one", "two", "three"]
