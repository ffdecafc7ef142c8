"""Three ways to sign a device in: a password, the portal in a browser, single sign-on."""

import platform
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from functions.device.keychains import Keychain
from functions.device.loopback import Loopback, Verifier
from functions.device.portal import Portal, object_of
from functions.device.refusals import Refused, Unusable

JOIN_REQUEST = "join-request"
VERSION = "jigxmgmt device"


class Person(Protocol):
    """Who sits at the device."""

    def ask(self, question: str) -> str: ...

    def choose(self, question: str, options: Sequence[str]) -> int: ...

    def agrees(self, question: str) -> bool: ...

    def visit(self, url: str) -> None: ...


def by_password(
    portal: Portal, person: Person, *, client_id: str, email: str, password: str
) -> dict[str, Any]:
    """Return new tokens; a code is asked for where the person has set one up.

    Raises Refused or Unreachable.
    """
    given = {
        "client_id": client_id,
        "email": email,
        "password": password,
        "device": described_device(),
    }
    try:
        return portal.post("/api/v1/auth/sign-in", given)
    except Refused as refusal:
        if refusal.code != "code_required":
            raise
    return portal.post(
        "/api/v1/auth/sign-in", given | {"code": person.ask("Code of your authenticator app")}
    )


def by_browser(portal: Portal, person: Person, *, client_id: str) -> dict[str, Any]:
    """Return new tokens for who signs in at the portal in the system's browser (RFC 8252).

    Raises Refused or Unreachable.
    """
    verifier, state = Verifier(), secrets.token_urlsafe(24)
    with Loopback() as loopback:
        loopback.expect(state)
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": loopback.redirect_uri,
            "state": state,
            **verifier.challenge,
        }
        person.visit(f"{portal.address}/oauth/authorize/?{urlencode(asked)}")
        answer = loopback.wait()
    described = {f"device_{name}": text for name, text in described_device().items()}
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": answer["code"],
        "code_verifier": verifier.text,
        "redirect_uri": asked["redirect_uri"],
        **described,
    }
    return object_of(portal.request("POST", "/oauth/token/", data=form))


def by_single_sign_on(
    portal: Portal, person: Person, *, client_id: str, email: str, keychain: Keychain
) -> dict[str, Any]:
    """Return new tokens for who signs in at their organization's own provider.

    Who is not let in may ask to be, and is told so. Raises Refused or Unreachable.
    """
    verifier = Verifier()
    with Loopback() as loopback:
        asked = {
            "client_id": client_id,
            "email": email,
            "redirect_uri": loopback.redirect_uri,
        }
        option = _option(portal.post("/api/v1/sso/discover", asked), person)
        wanted = {"configuration_id": option["configuration_id"], **verifier.challenge}
        begun = portal.post("/api/v1/sso/transactions", asked | wanted)
        loopback.expect(begun["state"])
        visit(person, begun)
        answer = loopback.wait()
    path = f"/api/v1/sso/transactions/{begun['transaction_id']}/complete"
    given = {**brought(answer), "code_verifier": verifier.text, "device": described_device()}
    try:
        return portal.post(path, given)
    except Refused as refusal:
        if refusal.code != "access_request_available":
            raise
        token = str(refusal.members.get("request_token", ""))
    raise Refused(_ask_to_join(portal, person, option["organization"], token, keychain))


def standing_of_request(keychain: Keychain) -> str:
    """Say where the request to join stands that was made on this device; raises Refused."""
    kept = keychain.read(JOIN_REQUEST)
    if kept is None:
        raise Refused("Nobody asked to join an organization on this device.")
    path = f"/api/v1/join-requests/{quote(kept['request_token'], safe='')}"
    answer = object_of(Portal(kept["portal"]).request("GET", path))
    organization, status = answer["organization"]["name"], str(answer["status"]).lower()
    reason = f" They say: {answer['reason']}" if answer.get("reason") else ""
    return f"Your request to join {organization} is {status}.{reason}"


def visit(person: Person, begun: Mapping[str, Any]) -> None:
    """Send the person where a provider signs them in; raises Unusable for what is no web page."""
    url = str(begun["authorization_url"])
    if urlsplit(url).scheme not in ("https", "http"):
        raise Unusable("The portal names no web page to sign in on.")
    person.visit(url)


def brought(answer: Mapping[str, str]) -> dict[str, str]:
    """Return what the portal wants to see of a provider's answer (RFC 9207 for `iss`)."""
    return {name: answer[name] for name in ("state", "code", "iss") if name in answer}


def described_device() -> dict[str, str]:
    """Return what this computer says of itself, for the list of devices."""
    return {
        "name": platform.node(),
        "platform": platform.system().lower(),
        "model": platform.machine(),
        "os_version": platform.release(),
        "app_version": VERSION,
    }


def _option(ways: Mapping[str, Any], person: Person) -> dict[str, Any]:
    options: list[dict[str, Any]] = ways["options"]
    if not options:
        raise Refused("There is no single sign-on for this address. Sign in with a password.")
    if len(options) == 1:
        return options[0]
    titles = [f"{option['title']} ({option['organization']['name']})" for option in options]
    return options[person.choose("Which account?", titles)]


def _ask_to_join(
    portal: Portal,
    person: Person,
    organization: Mapping[str, str],
    request_token: str,
    keychain: Keychain,
) -> str:
    """Ask to be let in, if the person wants that, and return what to tell them."""
    name = organization["name"]
    if not person.agrees(f"You have no access to {name} yet. Ask for it?"):
        return f"You have no access to {name} yet."
    message = person.ask("A message for those who decide (may be left empty)")
    path = f"/api/v1/organizations/{organization['id']}/join-requests"
    portal.post(path, {"request_token": request_token, "message": message})
    keychain.write(JOIN_REQUEST, {"portal": portal.address, "request_token": request_token})
    return (
        f"You asked to join {name}. `device join-request` says where that stands; "
        "sign in again once it is approved."
    )
