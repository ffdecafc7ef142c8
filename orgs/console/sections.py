"""The pages of the console, as the sidebar lists them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs.models import JoinRequest, Organization
from orgs.policies import Act


@dataclass(frozen=True, slots=True)
class Page:
    """A link in the sidebar; the first name is its own, the others are the pages below it.

    It is shown to those who may do the act.
    """

    label: StrPromise
    icon: str
    names: tuple[str, ...]
    act: Act = Act.ENTER_CONSOLE
    count: Callable[[Organization], int] | None = None


def _waiting_requests(organization: Organization) -> int:
    """Count who waits to be let in."""
    return JoinRequest.objects.pending().filter(organization=organization).count()


SECTIONS: tuple[tuple[StrPromise, tuple[Page, ...]], ...] = (
    (
        _("Organization"),
        (
            Page(_("Overview"), "layout-dashboard", ("overview",)),
            Page(_("People"), "users", ("people", "person"), Act.SEE_PEOPLE),
            Page(
                _("Join requests"),
                "user-check",
                ("join-requests", "join-request", "join-request-approve", "join-request-deny"),
                Act.MANAGE_PEOPLE,
                _waiting_requests,
            ),
            Page(_("Invites"), "mail", ("invites", "invite", "invite-many"), Act.MANAGE_PEOPLE),
            Page(
                _("Invite templates"),
                "palette",
                ("invite-templates", "invite-template"),
                Act.SET_UP_ORGANIZATION,
            ),
            Page(_("Who can do what"), "shield-check", ("roles",), Act.SEE_PEOPLE),
            Page(_("Settings"), "settings", ("organization",), Act.SET_UP_ORGANIZATION),
        ),
    ),
    (
        _("Build"),
        (
            Page(
                _("Solutions"),
                "blocks",
                (
                    "solutions",
                    "solution",
                    "solution-new",
                    "solution-publish",
                    "solution-versions",
                    "solution-version",
                    "solution-version-restore",
                    "function-new",
                    "function-file",
                    "solution-copy",
                    "solution-delete",
                    "solution-members",
                    "solution-members-add",
                    "solution-groups",
                    "solution-group",
                    "solution-group-rename",
                    "solution-group-delete",
                    "solution-settings",
                    "solution-credentials",
                    "solution-credential",
                    "solution-credential-new",
                    "solution-credential-remove",
                    "solution-connections",
                    "solution-connection",
                    "solution-connection-new",
                    "solution-connection-test",
                    "solution-connection-remove",
                ),
            ),
            Page(_("Functions"), "square-function", ("functions", "function", "function-try")),
            Page(_("Allow-list"), "lock", ("allow-list",)),
            Page(_("Function language"), "book-open", ("language",)),
        ),
    ),
    (
        _("Sign-in"),
        (
            Page(
                _("Single sign-on"),
                "key-round",
                ("single-sign-on", "single-sign-on-disable", "single-sign-on-test"),
                Act.SET_UP_ORGANIZATION,
            ),
            Page(
                _("Domains"),
                "globe",
                ("domains", "domain", "domain-policy", "domain-remove"),
                Act.SET_UP_ORGANIZATION,
            ),
            Page(
                _("OAuth configurations"),
                "fingerprint",
                (
                    "oauth-configurations",
                    "oauth-configuration",
                    "oauth-configuration-new",
                    "oauth-configuration-image",
                    "oauth-configuration-remove",
                ),
                Act.SET_UP_ORGANIZATION,
            ),
            Page(
                _("Directory sync"),
                "refresh-cw",
                ("directory", "directory-group", "directory-token", "directory-end"),
                Act.MANAGE_PEOPLE,
            ),
            Page(
                _("Mobile apps"),
                "smartphone",
                ("apps", "app", "app-new", "app-remove"),
                Act.SET_UP_ORGANIZATION,
            ),
        ),
    ),
    (
        _("Observe"),
        (
            Page(_("Calls"), "activity", ("calls", "call")),
            Page(_("Audit log"), "history", ("audit-events",), Act.OVERSEE),
        ),
    ),
)

# For everybody, beside what their role opens: shown on these pages themselves, and to whoever has
# no others.
PERSONAL_PAGES: tuple[Page, ...] = (
    Page(_("Profile"), "user", ("profile", "organization-leave")),
    Page(_("E-mail address"), "mail", ("account_email", "account_email_verification_sent")),
    Page(_("Password"), "lock", ("account_change_password", "account_set_password")),
    Page(
        _("Two-factor sign-in"),
        "shield-check",
        (
            "mfa_index",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_edit_webauthn",
            "mfa_remove_webauthn",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
        ),
    ),
    Page(_("Sessions"), "monitor", ("usersessions_list",)),
    Page(_("My devices"), "smartphone", ("my-devices",)),
    Page(_("My connections"), "plug", ("my-connections",)),
    Page(_("Access tokens"), "key-round", ("my-tokens", "my-token-create")),
)
