"""`upstream.tls`: the files that it names, before anyone looks into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mapping.support import FILE, VARIABLES, change, short
from ticketbridge.mapping import Environment, Finding, MappingError, MappingSpec, parse_mapping
from ticketbridge.mapping.named_files import MAX_BYTES
from ticketbridge.mapping.spec import TlsSpec


def loaded(
    tls: str, folder: Path | None, *, missing: str = "error", **variables: str
) -> MappingSpec:
    """The good mapping with this `tls`."""
    environment = Environment(
        {**VARIABLES, **variables}, missing="placeholder" if missing == "placeholder" else "error"
    )
    text = change(("retries: 2", f"tls: {tls}"))
    return parse_mapping(text, file=FILE, environment=environment, folder=folder)


def tls_of(spec: MappingSpec) -> TlsSpec:
    """What it declares."""
    assert spec.upstream.tls is not None
    return spec.upstream.tls


def found(tls: str, folder: Path | None, **variables: str) -> tuple[Finding, ...]:
    """What is wrong with it."""
    with pytest.raises(MappingError) as caught:
        loaded(tls, folder, **variables)
    return tuple(caught.value.findings)


def test_a_relative_path_begins_at_the_mappings_folder(tmp_path: Path) -> None:
    """A file beside the mapping, or below, is named as it is seen from there."""
    (tmp_path / "keys").mkdir()
    for name in ("ca.pem", "keys/client.pem", "keys/client.key"):
        (tmp_path / name).write_text("")
    tls = tls_of(loaded("{ca: ca.pem, cert: keys/client.pem, key: keys/client.key}", tmp_path))

    assert [file and file.path for file in (tls.ca, tls.cert, tls.key)] == [
        tmp_path / "ca.pem",
        tmp_path / "keys/client.pem",
        tmp_path / "keys/client.key",
    ]


def test_a_path_may_come_from_variables(tmp_path: Path) -> None:
    """An absolute path is one wherever the mapping is, and variables may be in it."""
    (tmp_path / "ca.pem").write_text("")
    tls = tls_of(loaded('{ca: "${KEYS}/ca.pem"}', None, KEYS=str(tmp_path)))

    assert tls.ca is not None
    assert (tls.ca.path, tls.cert, tls.key) == (tmp_path / "ca.pem", None, None)


def test_without_tls_there_is_none() -> None:
    """The machine's trusted certificates, and none of the bridge's own."""
    spec = parse_mapping(change(), file=FILE, environment=Environment(VARIABLES))

    assert spec.upstream.tls is None


@pytest.mark.parametrize("name", ["ca", "cert"])
@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("absent.pem", "No such file or directory"),
        (".", "Is a directory"),
        ('"a\\0b.pem"', ""),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, name: str, written: str, reason: str
) -> None:
    """What `serve` will need has to be there, and what is wrong is said before anything runs."""
    (finding,) = found(f"{{{name}: {written}}}", tmp_path)

    assert (finding.place.line, finding.severity, finding.code) == (10, "error", "TB055")
    assert finding.message.startswith(f"`{name}` cannot be read")
    assert reason in finding.message


def test_where_variables_may_be_missing_files_may_be_too(tmp_path: Path) -> None:
    """A mapping can be checked and tested on a machine that has no keys: that is a warning."""
    spec = loaded("{cert: absent.pem, key: absent.key}", tmp_path, missing="placeholder")

    assert short(spec.warnings) == ["10:15 warning TB055", "10:32 warning TB055"]
    assert tls_of(spec) == TlsSpec(None, None, None)


def test_a_variable_that_is_not_set_is_one_finding(tmp_path: Path) -> None:
    """What is not known is not looked for."""
    spec = loaded('{ca: "${KEYS}/ca.pem"}', tmp_path, missing="placeholder")

    assert short(spec.warnings) == ["10:14 warning TB021"]


def test_a_message_does_not_show_what_a_variable_holds(tmp_path: Path) -> None:
    """A variable that is mixed up with another may hold a credential."""
    (finding,) = found("{ca: '${KEYS}'}", tmp_path, KEYS="hunter2")

    assert "`ca` (from KEYS) cannot be read" in finding.message
    assert "hunter2" not in f"{finding.message} {finding.suggestion}"


def test_a_key_needs_its_certificate(tmp_path: Path) -> None:
    """A key alone proves nothing to anyone."""
    (tmp_path / "client.key").write_text("")
    (finding,) = found("{key: client.key}", tmp_path)

    assert short([finding]) == ["10:14 error TB056"]
    assert "name its file as `cert`" in finding.suggestion


def test_a_certificate_without_its_key_is_one_finding(tmp_path: Path) -> None:
    """Where the key's file is missing, nothing is said of the certificate."""
    (tmp_path / "client.pem").write_text("")
    findings = found("{cert: client.pem, key: absent.key}", tmp_path)

    assert short(findings) == ["10:32 error TB055"]


def test_pem_text_is_no_path(tmp_path: Path) -> None:
    """NAME_FILE gives the content of a file, where its path is wanted: that is said."""
    secret = tmp_path / "secret"
    secret.write_text("-----BEGIN PRIVATE KEY-----\nabc\n")
    (tmp_path / "client.pem").write_text("")
    findings = found("{cert: client.pem, key: '${KEY}'}", tmp_path, KEY_FILE=str(secret))

    assert short(findings) == ["10:32 error TB056"]
    assert "holds PEM text" in findings[0].message
    assert "NAME_FILE" in findings[0].suggestion


def test_a_relative_path_needs_a_folder() -> None:
    """A mapping that is no file has nothing beside it."""
    (finding,) = found("{ca: ca.pem}", None)

    assert short([finding]) == ["10:13 error TB056"]
    assert "in no folder" in finding.message


def test_a_file_has_a_bound(tmp_path: Path) -> None:
    """A device that never ends, or a wrong file, is not read to its end."""
    (tmp_path / "ca.pem").write_bytes(b"x" * (MAX_BYTES + 1))

    assert short(found("{ca: ca.pem}", tmp_path)) == ["10:13 error TB056"]
    assert short(found("{ca: /dev/zero}", tmp_path)) == ["10:13 error TB056"]


def test_over_plain_http_it_does_nothing(tmp_path: Path) -> None:
    """Certificates for a connection that has none are a doubt."""
    (tmp_path / "ca.pem").write_text("")
    text = change(("retries: 2", "tls: {ca: ca.pem}"), ("https://api.acme", "http://api.acme"))
    spec = parse_mapping(text, file=FILE, environment=Environment(VARIABLES), folder=tmp_path)

    assert short(spec.warnings) == ["6:13 warning TB054", "10:8 warning TB057"]
