"""A connection as a form, in the order in which a person thinks of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from functions.console.credential_forms import ADDRESS, secret_field
from functions.models import Connection
from functions.models.connections import BOUNDS, LONGEST_HOST, LONGEST_NAME
from functions.services.connection_fields import NAMES, OPTIONS, ConnectionFields, fields_of
from functions.services.connections import known_connection, save_connection
from orgs.models import Solution, User


def _number(name: str, label: Any, help_text: Any = "") -> forms.IntegerField:
    least, most = BOUNDS[name]
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=help_text)


def _name(label: Any, most: int, help_text: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=most,
        widget=forms.TextInput(attrs=ADDRESS),
        help_text=help_text,
    )


class ConnectionForm(forms.Form):
    """Its fields have the names of the API's; without a connection it asks for the name as well."""

    name = _name(_("Name"), 100, _("What functions call it. It stays."))
    server = _name(
        _("Server"),
        LONGEST_HOST,
        _("Host name or IP address. For Azure SQL: name.database.windows.net."),
    )
    port = _number("port", _("Port"), _("1433 with Azure SQL, and usually."))
    database = _name(_("Database"), LONGEST_NAME, "")
    sign_in = forms.ChoiceField(label=_("Sign-in"), choices=Connection.SignIn.choices)
    user_name = _name(
        _("User name"),
        LONGEST_NAME,
        _("The SQL login; of a Microsoft Entra application its application (client) id."),
    )
    directory_id = _name(
        _("Directory (tenant) id"),
        LONGEST_HOST,
        _("For a Microsoft Entra application alone: the id, or a domain of the directory."),
        required=False,
    )
    secret = secret_field(_("Password or client secret"), "", required=False)
    certificate_host_name = _name(
        _("Host name in the certificate"),
        LONGEST_HOST,
        _("Where it is another than the server's. Blank for Azure SQL."),
        required=False,
    )
    trusts_any_certificate = forms.BooleanField(
        label=_("Trust any certificate"),
        required=False,
        help_text=_(
            "Whoever stands between could then read the password and all data, and answer in the "
            "server's place. It stands in the audit log."
        ),
    )
    application_intent = forms.ChoiceField(
        label=_("Application intent"),
        choices=Connection.ApplicationIntent.choices,
        help_text=_("Read only may be answered by a readable secondary."),
    )
    query_seconds = _number(
        "query_seconds", _("Seconds for a query"), _("A call's own limit still holds.")
    )
    connect_seconds = _number("connect_seconds", _("Seconds to connect"))
    connect_retries = _number(
        "connect_retries", _("Retries to connect"), _("A serverless database needs time to wake.")
    )
    retry_seconds = _number("retry_seconds", _("Seconds between retries"))
    multi_subnet_failover = forms.BooleanField(
        label=_("Multi-subnet failover"),
        required=False,
        help_text=_("For an availability group over several subnets: all addresses at once."),
    )

    def __init__(
        self,
        posted: Mapping[str, Any] | None = None,
        *,
        solution: Solution,
        user: User,
        connection: Connection | None,
        name: str = "",
    ) -> None:
        usual = ConnectionFields(server="", database="", user_name="")
        shown = fields_of(connection) if connection else usual
        super().__init__(posted, initial={"name": name} | asdict(shown))
        self.solution, self.user, self.connection = solution, user, connection
        self.fields["secret"].help_text = _words_on_secret(connection)
        self.fields["secret"].widget.attrs["aria-required"] = "true"
        if connection is not None:
            del self.fields["name"]

    @property
    def has_own_options(self) -> bool:
        """Whether an option is another than usual, or at fault, so that it is to be seen."""
        usual = asdict(ConnectionFields(server="", database="", user_name=""))
        return any(self[name].errors or self.initial[name] != usual[name] for name in OPTIONS)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if known_connection(self.solution, name=name):
            raise forms.ValidationError(
                gettext("There is a connection of this name already."), code="name_taken"
            )
        return name

    def save(self) -> Connection:
        """Save what was typed; raises what the service does."""
        typed = self.cleaned_data
        return save_connection(
            self.solution,
            name=self.connection.name if self.connection else typed["name"],
            fields=ConnectionFields(**{name: typed[name] for name in NAMES}),
            secret=typed["secret"],
            by=self.user,
        )


def _words_on_secret(connection: Connection | None) -> str:
    """Say what stands there of a secret that nobody may read."""
    if connection is None or not connection.has_secret:
        return gettext("It is sealed, and nobody can read it again.")
    day = date_format(connection.saved_at, "j M Y")
    return gettext("Saved %(day)s · every change asks for it again.") % {"day": day}
