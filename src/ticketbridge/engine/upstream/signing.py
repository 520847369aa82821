"""The stages that sign each request anew; `pipeline` uses one of them if `auth` needs it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.context import AnswerContext, Send
from ticketbridge.engine.upstream.digest import Challenge, DigestAuth, find_challenge
from ticketbridge.engine.upstream.limits import Breaker
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.oauth1 import OAuth1
from ticketbridge.engine.upstream.signature import Signature
from ticketbridge.mapping.spec import AuthSpec, OAuth1AuthSpec, SignatureAuthSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

_UNAUTHORIZED = 401


class Signer(Protocol):
    """Makes the credentials of each request."""

    def sign(self, request: PlatformRequest, context: AnswerContext) -> Credentials:
        """Return the credentials that sign *request* now. Raises MappingMismatch."""
        ...


def compile_signer(spec: AuthSpec, compiler: SpecCompiler) -> Signer | None:
    """Return the signer that *spec* declares, or None if requests need no signature of their own."""
    match spec:
        case SignatureAuthSpec():
            return Signature(spec, compiler)
        case OAuth1AuthSpec():
            return OAuth1(spec)
        case _:
            return None


def sign_each(send: Send, signer: Signer) -> Send:
    """Sign each request at the moment when it is sent."""

    def signing(request: PlatformRequest, context: AnswerContext) -> Awaitable[PlatformAnswer]:
        return send(request.signed(signer.sign(request, context)), context)

    return signing


def answer_challenges(send: Send, digest: DigestAuth, breaker: Breaker) -> Send:
    """Answer the platform's challenge, and send the request again with the answer.

    Only a nonce that is too old is answered twice. Otherwise the second 401 refuses the credentials.
    """

    async def signed(
        request: PlatformRequest, challenge: Challenge, context: AnswerContext
    ) -> PlatformAnswer:
        answered = digest.answer(challenge, request, context.nonce())
        answer = await send(request.signed(answered), context)
        digest.learn(answer)
        return answer

    async def answering(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        known = digest.challenge
        answer = await (signed(request, known, context) if known else send(request, context))
        for last in (False, True):
            challenge = find_challenge(answer)
            if challenge is None or (last and not challenge.is_stale):
                break
            # No rule judges an answer that only asks, but the breaker hears that the platform is there.
            breaker.succeeded()
            known = digest.challenge = challenge
            answer = await signed(request, challenge, context)
        if known and answer.status == _UNAUTHORIZED:
            digest.forget(known)
        return answer

    return answering
