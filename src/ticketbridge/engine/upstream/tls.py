"""TLS to a platform: whom to trust, and the bridge's own certificate. The host name is always verified."""

from __future__ import annotations

import ssl
import sys
from typing import NoReturn

from ticketbridge.mapping.spec import FileSpec, TlsSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

_CODE = "TB056"


def trusting_context(ca: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in the file *ca*, or those of the system.

    It is like the context of `ssl.create_default_context`, but it ignores `SSLKEYLOGFILE`: a person
    who reads these keys can read every ticket and credential.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # pragma: no cover - earlier ones do not know it
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca)
    return context


class _Encrypted(Exception):
    """The key is protected by a passphrase."""


def compile_tls(spec: TlsSpec | None, compiler: SpecCompiler) -> ssl.SSLContext | None:
    """Return the context that *spec* asks for, or None for the usual one; *compiler* gets the findings."""
    if spec is None:
        return None
    context = _trusting(spec.ca, compiler)
    if spec.cert is not None and _has_certificates(spec.cert):
        _identify(context, spec.cert, spec.key, compiler)
    elif spec.cert is not None:
        _report_no_certificate(spec.cert, compiler)
    return context


def _trusting(ca: FileSpec | None, compiler: SpecCompiler) -> ssl.SSLContext:
    if ca is not None and not _has_certificates(ca):
        _report_no_certificate(ca, compiler)
        ca = None
    return trusting_context(None if ca is None else str(ca.path))


def _has_certificates(file: FileSpec) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(str(file.path))
    except OSError:  # ssl.SSLError is one
        return False
    return True


def _identify(
    context: ssl.SSLContext, cert: FileSpec, key: FileSpec | None, compiler: SpecCompiler
) -> None:
    """Let *context* present the certificate if a server asks for one."""
    holder = key or cert
    try:
        context.load_cert_chain(str(cert.path), str(holder.path), _refuse_passphrase)
    except _Encrypted:
        message = f"{holder.label} is protected by a passphrase, which nobody could enter"
        compiler.report(holder.place, _CODE, message, "keep the key without one, in a secret")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"{holder.label} is not the key of the certificate"
            suggestion = "the first certificate in the file of `cert` should be the bridge's own"
            compiler.report(holder.place, _CODE, message, suggestion)
        else:
            message = f"{holder.label} holds no private key in PEM form"
            suggestion = "" if key else "name the key's file as `key`"
            compiler.report(holder.place, _CODE, message, suggestion)


def _refuse_passphrase() -> NoReturn:
    raise _Encrypted


def _report_no_certificate(file: FileSpec, compiler: SpecCompiler) -> None:
    message = f"{file.label} holds no certificate in PEM form"
    compiler.report(file.place, _CODE, message, "a PEM file has a line -----BEGIN CERTIFICATE-----")
