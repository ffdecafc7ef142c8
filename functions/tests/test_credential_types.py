"""Credentials of other types than a bare secret, and what becomes of one that changes its type."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from auth_providers.models import OAuthConfiguration, OutsideGrant
from auth_providers.services.configuration_fields import ConfigurationFields
from auth_providers.services.configuration_secrets import client_secret_of
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from functions.models import Credential
from functions.services.copying import copy_solution
from functions.services.credentials import (
    NotACredential,
    remove_credential,
    save_credential,
    secret_of,
)
from functions.services.oauth_credentials import save_oauth_alias, save_oauth_credential
from functions.tests.factories import SECRET, save_secret, technician
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Solution, SolutionMember, User
from orgs.services.solutions import delete_solution
from orgs.tests.factories import SolutionFactory

pytestmark = pytest.mark.django_db

Type = Credential.Type


def save_basic(solution: Solution, user: User, username: str = "mia") -> Credential:
    return save_credential(
        solution,
        key="crm",
        type=Type.BASIC_AUTH,
        username=username,
        secret=SECRET,
        allowed_origins=["https://crm.example.com"],
        available_to_devices=False,
        by=user,
    )


def alias(
    solution: Solution,
    user: User,
    configuration_id: UUID | None = None,
    *,
    origins: Sequence[str] = ("https://crm.example.com",),
) -> Credential:
    """Point `crm` at a configuration of the organization, or at this one."""
    made = OAuthConfigurationFactory.create(organization=solution.organization)
    return save_oauth_alias(
        solution,
        key="crm",
        configuration_id=configuration_id or made.pk,
        allowed_origins=origins,
        by=user,
    )


def connect(credential: Credential) -> OutsideGrant:
    technician(credential.solution)
    member = SolutionMember.objects.filter(solution=credential.solution, role="USER")[0]
    return connected(member, configuration=credential.configuration)


class TestBasicAuth:
    def test_is_sealed_as_a_header_writes_it(self, solution: Solution, owner: User) -> None:
        assert secret_of(save_basic(solution, owner)) == f"mia:{SECRET}"

    @pytest.mark.parametrize("username", ["", "a:b", "two\nlines"])
    def test_refuses_a_user_name_that_no_header_carries(
        self, solution: Solution, owner: User, username: str
    ) -> None:
        with pytest.raises(NotACredential) as refusal:
            save_basic(solution, owner, username)

        assert [fault.pointer for fault in refusal.value.faults] == ["/secret/username"]
        assert not Credential.objects.exists()


class TestAlias:
    def test_waits_for_no_secret_of_its_own(self, solution: Solution, owner: User) -> None:
        saved = alias(solution, owner)

        assert (saved.sealed, saved.has_secret) == (None, True)
        assert Credential.objects.with_secret().get() == saved

    def test_waits_for_that_of_a_confidential_client(self, solution: Solution, owner: User) -> None:
        confidential = OAuthConfigurationFactory.create(
            organization=solution.organization,
            client_authentication=OAuthConfiguration.ClientAuthentication.BASIC,
        )

        saved = alias(solution, owner, confidential.pk)

        assert not saved.has_secret
        assert not Credential.objects.with_secret().exists()

    def test_leads_to_no_other_organization_s(self, solution: Solution, owner: User) -> None:
        theirs = OAuthConfigurationFactory.create()
        part = OAuthConfigurationFactory.create(
            organization=solution.organization, solution=solution
        )

        for wanted in (theirs.pk, part.pk):
            with pytest.raises(NotACredential) as refusal:
                alias(solution, owner, wanted)
            assert [fault.pointer for fault in refusal.value.faults] == ["/configuration_id"]

    def test_is_for_who_builds_the_solution(self, solution: Solution) -> None:
        with pytest.raises(NotAllowed):
            alias(solution, technician(solution))

    def test_is_recorded_by_the_name_of_its_configuration(
        self, solution: Solution, owner: User
    ) -> None:
        saved = alias(solution, owner)

        event = AuditEvent.objects.get(act="credential.save")
        assert event.changes["configuration"] == [None, str(saved.configuration)]

    def test_comes_along_with_a_copy(self, solution: Solution, owner: User) -> None:
        saved = alias(solution, owner)
        connect(saved)

        copy = copy_solution(solution, name="other", by=owner)

        assert copy.credentials.get().configuration == saved.configuration
        assert OutsideGrant.objects.filter(solution=copy).count() == 0


def own(
    solution: Solution,
    user: User,
    *,
    secret: str | None = SECRET,
    origins: Sequence[str] = ("https://crm.example.com",),
    **changes: Any,
) -> Credential:
    """Save `crm` as a confidential client of its own."""
    fields = ConfigurationFields(
        client_id="field-app",
        issuer="https://login.example",
        redirect_urls=("https://app.example/callback",),
    )
    return save_oauth_credential(
        solution,
        key="crm",
        fields=replace(fields, **changes),
        client_secret=secret,
        allowed_origins=origins,
        by=user,
        now=timezone.now(),
    )


class TestOwnConfiguration:
    def test_is_a_part_of_the_credential(self, solution: Solution, owner: User) -> None:
        saved = own(solution, owner)

        configuration = OAuthConfiguration.objects.get()
        assert saved.configuration == configuration
        assert (configuration.solution, configuration.key) == (solution, "crm")
        assert client_secret_of(configuration) == SECRET
        assert (saved.sealed, saved.has_secret) == (None, True)

    def test_is_nothing_that_another_could_point_to(self, solution: Solution, owner: User) -> None:
        part = own(solution, owner).configuration_id

        with pytest.raises(NotACredential):
            alias(SolutionFactory.create(organization=solution.organization), owner, part)

    def test_keeps_its_secret_where_none_is_given(self, solution: Solution, owner: User) -> None:
        connect(own(solution, owner))

        own(solution, owner, secret=None, name="CRM")

        configuration = OAuthConfiguration.objects.get()
        assert (configuration.name, client_secret_of(configuration)) == ("CRM", SECRET)
        assert OutsideGrant.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"secret": "two\nlines"}, "/secret/client_secret"),
            ({"secret": None}, "/secret/client_secret"),
            ({"issuer": "http://login.example"}, "/issuer"),
            ({"domains": ("*",)}, "/domains"),
            ({"redirect_urls": ()}, "/redirect_urls"),
        ],
    )
    def test_points_at_what_is_at_fault(
        self, solution: Solution, owner: User, changes: dict[str, Any], pointer: str
    ) -> None:
        with pytest.raises(NotACredential) as refusal:
            own(solution, owner, **changes)

        assert [fault.pointer for fault in refusal.value.faults] == [pointer]
        assert not Credential.objects.exists()

    def test_goes_with_its_credential(self, solution: Solution, owner: User) -> None:
        connect(own(solution, owner))

        remove_credential(solution, key="crm", by=owner)

        assert not OAuthConfiguration.objects.exists()
        assert not OutsideGrant.objects.exists()

    def test_goes_where_the_credential_becomes_another_type(
        self, solution: Solution, owner: User
    ) -> None:
        part = own(solution, owner).configuration
        assert part is not None

        alias(solution, owner)

        assert not OAuthConfiguration.objects.filter(pk=part.pk).exists()

    def test_is_copied_without_its_secret(self, solution: Solution, owner: User) -> None:
        original = own(solution, owner, scopes="crm.read").configuration

        copy = copy_solution(solution, name="other", by=owner)

        twin = copy.credentials.get()
        assert twin.configuration is not None
        assert twin.configuration != original
        assert (twin.configuration.solution, twin.configuration.scopes) == (copy, "crm.read")
        assert (twin.has_secret, client_secret_of(twin.configuration)) == (False, "")

    def test_ends_with_its_solution(self, solution: Solution, owner: User) -> None:
        connect(own(solution, owner))

        delete_solution(solution, by=owner)

        assert not OAuthConfiguration.objects.exists()


class TestChangedType:
    def test_ends_the_connections_through_it(self, solution: Solution, owner: User) -> None:
        connect(alias(solution, owner))

        save_secret(solution, by=owner)

        assert not OutsideGrant.objects.exists()
        assert Credential.objects.get().configuration is None

    def test_ends_them_where_the_configuration_is_another(
        self, solution: Solution, owner: User
    ) -> None:
        connect(alias(solution, owner))

        alias(solution, owner)

        assert not OutsideGrant.objects.exists()

    def test_leaves_them_where_it_is_the_same(self, solution: Solution, owner: User) -> None:
        saved = alias(solution, owner)
        grant = connect(saved)

        alias(solution, owner, saved.configuration_id)

        assert OutsideGrant.objects.get() == grant

    def test_ends_them_with_its_removal(self, solution: Solution, owner: User) -> None:
        connect(alias(solution, owner))

        remove_credential(solution, key="crm", by=owner)

        assert not OutsideGrant.objects.exists()
        assert AuditEvent.objects.filter(act="outside_grant.end").exists()

    def test_leaves_connections_of_other_solutions(self, solution: Solution, owner: User) -> None:
        other = SolutionFactory.create(organization=solution.organization)
        grant = connect(alias(other, owner))
        alias(solution, owner)

        remove_credential(solution, key="crm", by=owner)

        assert OutsideGrant.objects.get() == grant


class TestOrigins:
    WIDE = ("https://crm.example.com", "https://files.example.com")

    def test_that_are_more_end_what_was_given_for_fewer(
        self, solution: Solution, owner: User
    ) -> None:
        saved = alias(solution, owner)
        connect(saved)

        alias(solution, owner, saved.configuration_id, origins=self.WIDE)

        assert not OutsideGrant.objects.exists()
        assert AuditEvent.objects.filter(act="outside_grant.end").exists()

    def test_that_are_more_end_it_for_a_client_of_its_own_too(
        self, solution: Solution, owner: User
    ) -> None:
        connect(own(solution, owner, origins=self.WIDE[:1]))

        own(solution, owner, secret=None, origins=self.WIDE)

        assert not OutsideGrant.objects.exists()

    def test_that_are_fewer_end_nothing(self, solution: Solution, owner: User) -> None:
        saved = alias(solution, owner, origins=self.WIDE)
        grant = connect(saved)

        alias(solution, owner, saved.configuration_id)

        assert OutsideGrant.objects.get() == grant


class TestConstraint:
    def test_holds_a_configuration_to_the_types_that_have_one(
        self, solution: Solution, owner: User
    ) -> None:
        secret, other = save_secret(solution, by=owner, key="other"), alias(solution, owner)

        for wrong, column in (
            (secret, {"configuration": other.configuration}),
            (other, {"configuration": None}),
            (secret, {"type": Type.OAUTH}),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                Credential.objects.filter(pk=wrong.pk).update(**column)
