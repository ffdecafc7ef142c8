"""The person's own consent for an outside service, given in the system's browser."""

import secrets
from urllib.parse import quote

from functions.device.loopback import Loopback, Verifier
from functions.device.refusals import Refused
from functions.device.session import Session
from functions.device.signing_in import Person, brought, visit

REDIRECT_UNREGISTERED = "redirect_uri_unregistered"


def connect_account(session: Session, person: Person, *, solution_id: str, key: str) -> str:
    """Let a credential's functions use the person's account, and say in what state that is.

    Raises Refused, also where the way back to this program is not registered.
    """
    path = f"/api/v1/solutions/{solution_id}/credentials/{quote(key, safe='')}/authorizations"
    verifier = Verifier()
    with Loopback() as loopback:
        wanted = {"redirect_uri": loopback.redirect_uri, **verifier.challenge}
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)}
        try:
            begun = session.post(path, wanted, headers=headers)
        except Refused as refusal:
            raise _with_advice(refusal) from None
        loopback.expect(begun["state"])
        visit(person, begun)
        answer = loopback.wait()
    given = {**brought(answer), "code_verifier": verifier.text}
    connected = session.post(f"{path}/{begun['transaction_id']}/complete", given)
    return str(connected["state"]).lower()


def _with_advice(refusal: Refused) -> Refused:
    if refusal.code != REDIRECT_UNREGISTERED:
        return refusal
    return Refused(
        f"{refusal.detail} Register http://127.0.0.1/callback as a redirect URL of the app and of "
        "the credential's OAuth configuration; the port does not matter.",
        code=refusal.code,
        status=refusal.status,
    )
