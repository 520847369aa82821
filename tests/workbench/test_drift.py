"""`ticketbridge drift`: what changed in shape between two recordings, and what that does to a mapping."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import USER
from tests.workbench.cases_support import Folder, case, item, orders_answer
from ticketbridge.cli import main

Compare = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Writes two samples and compares them; gives exit code, stdout and stderr."""

    def compare(old: Any, new: Any, *words: str) -> tuple[int, str, str]:
        files = []
        for name, document in (("old", old), ("new", new)):
            file = tmp_path / f"{name}.json"
            text = document if isinstance(document, str) else json.dumps(document)
            file.write_text(text, "utf-8")
            files.append(str(file))
        code = main(["drift", *files, *words])
        return code, *capsys.readouterr()

    return compare


ORDER = {
    "id": 7,
    "state": "PAID",
    "at": "2026-01-02T10:00:00Z",
    "seat": None,
    "lines": [{"sku": "A"}],
}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"a": 1}, {}, "breaks  a is gone (old: whole number; new: absent)"),
        ({"a": 1}, {"a": "1"}, "breaks  a may be text of digits now (old: whole number;"),
        ({"a": 1}, {"a": None}, "breaks  a may be null now"),
        (
            [{"a": 1}],
            [{"a": 1}, {}],
            "breaks  [].a is absent in some (old: in all 1; new: in 1 of 2)",
        ),
        ({"a": [1]}, {"a": {"b": 1}}, "breaks  a may be object now (old: list; new: object)"),
        ([], {}, "breaks  (the document) may be object now"),
        (
            {"at": "2026-01-02T10:00:00Z"},
            {"at": "2026-01-02 10:00:00"},
            "breaks  at may be time without an offset now (old: time with an offset",
        ),
        ({"n": "12"}, {"n": "1.234,50"}, "breaks  n may be text now"),
        ({"on": True}, {"on": "yes"}, "breaks  on may be text now (old: boolean; new: text)"),
        ({"a.b": 1, "a": {"b": 1}}, {"a": {"b": 1}}, 'breaks  "a.b" is gone'),
        ({"a": {"b.c": 1}}, {"a": {"b.c": "x"}}, 'breaks  a."b.c" may be text now'),
        ({"a": [{"x": 1}]}, {"a": [{"x": 1, "[]": 2}]}, "changes  a[].* is new"),
        ([{"a.b": 1}], [{"a.b": 1}, {}], 'breaks  []."a.b" is absent in some (old: in all 1;'),
        ({}, {"a": 1.5}, "changes  a is new (old: absent; new: number)"),
        (
            [{"a": "x"}],
            [{"a": "x"}, {"a": "https://b.example/c"}],
            "changes  [].a may be URL now (old: text; new: text, URL)",
        ),
    ],
)
def test_a_change_of_shape_is_named(compare: Compare, old: Any, new: Any, said: str) -> None:
    """Each kind of change says where it is, what was there, what is there, and whether it may break."""
    code, out, err = compare(old, new)

    assert (code, err) == (1 if said.startswith("breaks") else 0, "")
    assert out.splitlines()[0].startswith(said)
    assert len(out.splitlines()) == 2


def test_the_same_shape_has_not_drifted(compare: Compare) -> None:
    """Other values, and more or fewer elements, are no drift."""
    old = {"orders": [ORDER]}
    new = {"orders": [{**ORDER, "id": 8, "at": "2027-05-06T01:02:03+01:00"}, ORDER]}

    assert compare(old, new) == (0, "0 changes, of which 0 may break a mapping\n", "")
    assert compare(old, {"orders": []}) == compare(old, old)


def test_what_is_gone_is_named_once(compare: Compare) -> None:
    """Of an object that is gone its members are not listed."""
    for old, new in (
        ({"a": {"b": {"c": 1}}, "d": 1}, {"d": 1}),
        ({"a": {"b": [1]}}, {"a": {"c": [1]}}),
    ):
        _, out, _ = compare(old, new)
        assert len([line for line in out.splitlines() if "is gone" in line]) == 1


def test_no_value_is_printed(compare: Compare) -> None:
    """Neither values nor keys that are data stand in what is printed."""
    old = {"by": {"ana@example.com": "Ana Lopez", "48213": 1}, "t": "s3cret-of-ana"}
    new = {"by": {"bruno@example.com": None, "48214": "x"}, "t": None}

    for format_ in ("text", "json"):
        _, out, err = compare(old, new, "--format", format_)
        assert "by.*" in out
        for word in ("ana", "Ana", "48213", "48214", "bruno", "s3cret"):
            assert word not in out + err


@pytest.mark.parametrize(
    "old",
    [
        {"seats": {"Ana Lopez": 1}},
        {"seats": {"Lopez, Ana": 1, "total": 1}},
        {"seats": {"ana:lopez": 1, "ana@example.com": 1}},
        {"seats": {"Ána": 1}},
        {"holders": {"ana": 1}},
        {"holders": [{"Ana": 1, "Bruno": 2}]},
        {"seats": {"ana": {"row": 1}, "bruno": {"row": 2}}},
        {"seats": {"ana.lopez": {"row": 1}, "bruno.diaz": {"row": 2}}},
    ],
)
def test_no_name_of_a_person_is_printed(compare: Compare, old: Any) -> None:
    """A key that may name a person is shown as `*`."""
    _, out, err = compare(old, json.loads(json.dumps(old).replace(": 1", ": null")))

    assert ".*" in out
    assert not any(word in (out + err).lower() for word in ("ana", "ána", "lopez", "bruno"))


def test_keys_are_data_on_both_sides(compare: Compare) -> None:
    """One recording may have the seats of several people, and the other that of one."""
    one, several = {"ana": {"row": 1}}, {"ana": {"row": 1}, "bruno": {"row": 2}}
    for old, new in ((one, several), (several, one), (several, {"carla": {"row": "x"}})):
        _, out, err = compare({"seats": old}, {"seats": new})
        assert not any(name in out + err for name in ("ana", "bruno", "carla"))
    assert "seats.*.row may be text now" in out
    _, out, _ = compare([{"holder": {}}, {"holder": {"email": "x"}}], [{"holder": {"ref": 1}}])
    assert "holder.email is gone" in out


@pytest.mark.parametrize(
    "old",
    [
        {"Order date": 1},
        {"kdnr": 1, "vname": "x"},
        {"a": {"b": 1}, "c": {"d": 1}},
        {"holder": {"name": 1}},
    ],
)
def test_names_of_fields_are_shown(compare: Compare, old: Any) -> None:
    """A key of an unknown word, or of usual words, is shown."""
    _, out, _ = compare(old, {})

    assert all(key in out for key in old)


def test_keys_that_are_data_are_one_path(compare: Compare) -> None:
    """A table with a key for each id, or very many keys, is compared as a list of its values."""
    many = {f"key{'x' * number}": 1 for number in range(300)}
    code, out, _ = compare(
        {"ids": {"12": {"a": 1}}, "m": many}, {"ids": {"13": {"a": 2}}, "m": many}
    )

    assert (code, out) == (0, "0 changes, of which 0 may break a mapping\n")


def test_xml_is_compared_too(compare: Compare) -> None:
    """Samples may be XML; one element more or fewer is no drift."""
    old = "<r><t><id>1</id><at>2026-01-02</at></t><t><id>2</id><at>2026-01-02</at></t></r>"
    new = "<r><t><id>1</id></t><t><id>2</id></t></r>"
    code, out, _ = compare(old, new)

    assert code == 1
    assert "r.t[].at is gone (old: date; new: absent)" in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<r><t id="1"/></r>', '<r><t id="1"/></r>', "0 changes"),
        ('<r><t id="1">x</t></r>', '<r><t id="1"/></r>', 'breaks  r.t."#text" is gone'),
        ('<r><t a:x="1" b:x="2"/></r>', '<r><t a:x="1" b:x="2"/></r>', "0 changes"),
    ],
)
def test_elements_with_attributes_are_compared(
    compare: Compare, old: str, new: str, said: str
) -> None:
    """An element may have attributes and no text, or one attribute under two prefixes."""
    _, out, err = compare(old, new)

    assert (out[: len(said)], err) == (said, "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)


def record(folder: Folder, old: Any, new: Any) -> None:
    """Writes two cases, `old` and `new`, whose platform answers so."""
    answers = [each if isinstance(each, list) else [orders_answer(each)] for each in (old, new)]
    folder.write(
        *(
            case(case=name, upstream=each, expect={"tickets": []})
            for name, each in zip(("old", "new"), answers, strict=True)
        )
    )


def drift(*words: str) -> int:
    """The exit code for the two cases."""
    return main(["drift", "acme.cases.yaml#old", "acme.cases.yaml#new", *words])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "ON_HOLD"}, "`item.state` gives the word 'ON_HOLD', at acme.yaml"),
        ({"state": "ON_HOLD"}, "the answer is mapping-mismatch now"),
        ({"state": "REFUNDED"}, "(old: never; new: not_eligible:REFUNDED)"),
        ({"price": "abc"}, "`price` cannot be made any more, at acme.yaml"),
        ({"tarif": None}, "`priceTypeId` is never given, at acme.yaml"),
    ],
)
def test_what_the_mapping_makes_of_both_is_compared(
    folder: Folder, capsys: pytest.CaptureFixture[str], changes: Any, said: str
) -> None:
    """With a mapping, new status words, fields that fail or are never given, and problems are named."""
    folder.map({"ticket.fields.priceTypeId": "optional(item.tarif)"})
    record(folder, item(tarif="full"), item(**({"tarif": "full"} | changes)))

    code = drift("--mapping", "acme.yaml")

    out = capsys.readouterr().out
    assert said in out
    assert code == (0 if "REFUNDED" in said else 1)


def test_calls_are_compared_by_their_path(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id in a path does not matter; a call that is gone does, and one that is new is said."""

    def answers(number: int, *more: str) -> list[Any]:
        paths = [f"/customers/{number}/orders", *more]
        return [{"get": path, "body": {"n": number}} for path in paths]

    page = {"get": "/page", "text": "<h1>", "content_type": "text/html"}
    tree = {"get": "/tree", "text": "<r><n>1</n></r>", "content_type": "text/xml"}
    record(
        folder, [*answers(7, "/events"), tree], [*answers(8, "/shows"), tree, {**page, "text": "-"}]
    )

    assert drift() == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "breaks  /events is not asked for any more (old: asked for; new: absent)"
    assert [line.split()[1] for line in out[1:3]] == ["/page", "/shows"]
    assert out[2] == "changes  /shows is asked for now (old: absent; new: asked for)"
    assert len(out) == 4


GONE = "breaks  /a gives no document any more (old: a document; new: none)"


@pytest.mark.parametrize(
    ("type_", "old", "new", "said"),
    [
        ("text/xml", "<r><t><id>1</id></t></r>", "<r><t><id>1</id></t><t><id>2</id></t></r>", ""),
        ("application/x-ndjson", '{"a": 1}\n', '{"a": 1}\n{"a": 2}\n', ""),
        ("application/x-ndjson", '{"a": 1}\n{"a": 2}\n', '{"a": "x"}\n', "breaks  /a [].a may be"),
        ("text/csv", "a,b\n1,x\n", "a,b\n", ""),
        ("text/csv", "a,b\n1,x\n", "a,c\n1,x\n", "breaks  /a [].b is gone"),
        ("text/html", '{"a": 1}', "<!doctype html><p>Sorry", GONE),
        ("text/plain", '{"a": 1}', "sorry", GONE),
        ("text/plain", '{"a": 1}', "", GONE),
        ("text/plain", "sorry", '{"a": 1}', "changes  /a gives a document now"),
        ("text/plain", "sorry", "no", ""),
    ],
)
def test_answers_in_all_formats_are_compared(
    folder: Folder, capsys: pytest.CaptureFixture[str], type_: str, old: str, new: str, said: str
) -> None:
    """One element, line or row more is no drift; a document that becomes a page or a text is one."""
    other = {"get": "/other", "body": {}}
    answers = [{"get": "/a", "text": text, "content_type": type_} for text in (old, new)]
    record(folder, *([answer, other] for answer in answers))

    assert drift() == (1 if said.startswith("breaks") else 0)
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(said or "0 changes")


def test_a_call_that_fails_is_still_asked_for(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error in place of a document is not a call that is gone."""
    other = {"get": "/other", "body": {}}
    good = {"get": "/a", "body": {"a": 1}}
    record(folder, [good, other], [{**good, "status": 500}, other])

    assert drift() == 1
    assert capsys.readouterr().out.splitlines()[0] == GONE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.json", "nothing.json"), "nothing.json: the sample cannot be read"),
        (("acme.cases.yaml#odd", "acme.cases.yaml#old"), "has no case `odd`"),
        (
            ("page.json", "acme.cases.yaml#old"),
            "the two have no call in common: a sample and /orders",
        ),
        (("page.json", "page.json", "--mapping", "acme.yaml"), "with --mapping both are cases"),
        (
            ("acme.cases.yaml#old", "acme.cases.yaml#new"),
            "#new: no answer in it is a document",
        ),
    ],
)
def test_what_cannot_be_compared_is_wrong_usage(
    folder: Folder, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """Files that are missing, no documents, or of different kinds are named, with what is needed."""
    folder.file("page.json", "{}")
    page = [{"get": "/orders", "text": "<h1", "content_type": "text/plain"}]
    record(folder, item(), [{**page[0], "text": "sorry"}, {**page[0], "status": 500}])

    assert main(["drift", *words]) == 2
    assert said in capsys.readouterr().err
    assert USER not in said
