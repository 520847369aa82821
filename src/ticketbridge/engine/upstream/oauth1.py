"""`auth: {type: oauth1}`: sign each request as RFC 5849 says."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.mapping.spec import OAuth1AuthSpec

_FORM = "application/x-www-form-urlencoded"


class OAuth1:
    """Signs requests with the credentials of a mapping. It stores no data of requests."""

    def __init__(self, spec: OAuth1AuthSpec) -> None:
        # Only mappings with this `auth` need the library.
        from oauthlib.oauth1 import Client  # noqa: PLC0415 - see above

        self._client = Client
        self._known: dict[str, Any] = {
            "client_key": spec.consumer_key.reveal(),
            "client_secret": spec.consumer_secret.reveal(),
            "resource_owner_key": spec.token.reveal() if spec.token else None,
            "resource_owner_secret": spec.token_secret.reveal() if spec.token_secret else None,
            "signature_method": spec.method,
            "realm": spec.realm,
        }

    def sign(self, request: PlatformRequest, context: AnswerContext) -> Credentials:
        """Return the credentials that sign *request* now. Raises MappingMismatch if they cannot be made."""
        seconds = str(int(context.moment().timestamp()))
        client = self._client(**self._known, nonce=context.nonce(), timestamp=seconds)
        # Only the parameters of a form are signed; of another body the library would sign a SHA-1 digest,
        # which RFC 5849 does not have.
        form = request.content if _is_form(request) else None
        headers = {} if form is None else {"Content-Type": _FORM}
        body = None if form is None else form.decode()
        try:
            _, signed, _ = client.sign(request.url, request.method, body, headers)
        except ValueError:
            # Its text may quote the query.
            reason = "a URL or a form has a character that OAuth 1.0 cannot sign"
            detail = "A request to the platform could not be signed"
            raise MappingMismatch(detail, log=f"auth: {reason}") from None
        value = signed["Authorization"]
        _, _, signature = value.rpartition('oauth_signature="')
        return Credentials({"Authorization": value}, made=(unquote(signature.rstrip('"')),))


def _is_form(request: PlatformRequest) -> bool:
    """Return whether the Content-Type of *request* says that it is a form."""
    types = (value for name, value in request.headers if name.lower() == "content-type")
    return any(value.partition(";")[0].strip().lower() == _FORM for value in types)
