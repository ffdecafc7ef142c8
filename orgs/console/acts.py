"""What each recorded act is called, by the noun that it is about."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

ACTS: Mapping[str, tuple[StrPromise, Mapping[str, StrPromise]]] = {
    "organization": (
        _("Organization"),
        {
            "create": _("Founded the organization"),
            "change": _("Changed the organization's settings"),
            "set_logo": _("Changed the logo"),
            "set_support_access": _("Changed the support access"),
            "allow_networks": _("Changed the private networks that functions may reach"),
            "delete": _("Deleted the organization"),
        },
    ),
    "domain": (
        _("Domains"),
        {
            "name": _("Named a domain"),
            "prove": _("Proved a domain"),
            "lose_proof": _("Found a domain's proof gone"),
            "set_join_policy": _("Changed who may join by a domain"),
            "remove": _("Removed a domain"),
        },
    ),
    "member": (
        _("People"),
        {
            "admit": _("Let somebody in"),
            "set_role": _("Changed a role"),
            "disable": _("Disabled somebody"),
            "enable": _("Let somebody back in"),
            "remove": _("Removed somebody"),
            "leave": _("Left the organization"),
        },
    ),
    "invite": (
        _("Invitations"),
        {
            "create": _("Invited somebody"),
            "resend": _("Sent an invitation again"),
            "revoke": _("Revoked an invitation"),
            "expire": _("An invitation expired"),
            "accept": _("Accepted an invitation"),
        },
    ),
    "invite_template": (
        _("Invite templates"),
        {
            "create": _("Made an invite template"),
            "change": _("Changed an invite template"),
            "test": _("Sent a test of an invite template"),
            "remove": _("Removed an invite template"),
        },
    ),
    "join_request": (
        _("Requests to join"),
        {
            "create": _("Asked to join"),
            "approve": _("Approved a request to join"),
            "deny": _("Denied a request to join"),
            "undo": _("Took a decision on a request back"),
            "withdraw": _("Withdrew a request to join"),
        },
    ),
    "solution": (
        _("Solutions"),
        {
            "create": _("Made a solution"),
            "change": _("Changed a solution"),
            "publish": _("Published a solution"),
            "copy": _("Copied a solution"),
            "delete": _("Deleted a solution"),
        },
    ),
    "solution_member": (
        _("Solutions' members"),
        {
            "set_role": _("Changed a role in a solution"),
            "remove": _("Removed somebody from a solution"),
        },
    ),
    "group": (
        _("Groups"),
        {
            "create": _("Made a group"),
            "rename": _("Renamed a group"),
            "delete": _("Deleted a group"),
        },
    ),
    "group_member": (
        _("Groups' members"),
        {
            "add": _("Put somebody in a group"),
            "remove": _("Took somebody out of a group"),
        },
    ),
    "credential": (
        _("Credentials"),
        {
            "save": _("Saved a credential"),
            "remove": _("Removed a credential"),
        },
    ),
    "app": (_("Apps"), {"create": _("Made an app")}),
    "device": (
        _("Devices"),
        {
            "sign_in": _("Signed in on a device"),
            "sign_out": _("Signed out on a device"),
            "revoke": _("Signed a device out"),
        },
    ),
    "single_sign_on": (
        _("Single sign-on"),
        {
            "save": _("Saved the settings of single sign-on"),
            "test": _("Ran a test sign-in"),
            "admit": _("Came in by single sign-on"),
            "refuse": _("Was refused by single sign-on"),
            "break_glass": _("Came in past single sign-on, in an emergency"),
        },
    ),
    "session": (_("Sessions"), {"end": _("Ended somebody's sessions")}),
    "support": (_("Support"), {"enter": _("Entered as support")}),
    "audit": (_("Audit log"), {"export": _("Exported the audit log")}),
}


def words_of(act: str) -> StrPromise | str:
    """Return an act in words; one that has none here as it is."""
    noun, _dot, verb = act.partition(".")
    known = ACTS.get(noun)
    return known[1].get(verb, act) if known else act


def choices() -> list[tuple[StrPromise, list[tuple[str, StrPromise | str]]]]:
    """Return each act to choose from by noun; the noun alone stands for all of them."""
    return [
        (
            label,
            [(noun, label), *((f"{noun}.{verb}", words) for verb, words in verbs.items())]
            if len(verbs) > 1
            else [(f"{noun}.{verb}", words) for verb, words in verbs.items()],
        )
        for noun, (label, verbs) in ACTS.items()
    ]
