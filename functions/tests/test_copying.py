"""A solution made after another."""

import asyncio

import pytest
from django.db import IntegrityError, transaction

from functions.calls.database import Database
from functions.engine.failures import CredentialMissing
from functions.models import Credential, PublishedVersion
from functions.services.copying import copy_solution, suggested_name, suggested_title
from functions.services.credentials import save_credential
from functions.tests.factories import (
    SECRET,
    WITH_CONNECTION,
    WITH_CREDENTIAL,
    creator,
    publish,
    save_secret,
    save_server,
)
from functions.worker.credentials import CredentialCache, opened
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Solution, SolutionMember, User
from orgs.services.solutions import NameTaken, NotAName, change_solution
from orgs.tests.factories import SolutionFactory, SolutionMemberFactory
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


class TestCopySolution:
    def test_brings_folder_settings_groups_and_places_for_secrets(
        self, solution: Solution, owner: User
    ) -> None:
        publish(solution, by=owner)
        publish(solution, by=owner, with_credential=WITH_CREDENTIAL)
        save_secret(solution, by=owner)
        change_solution(solution, custom_settings={"region": "EU"}, by=owner)
        member = SolutionMemberFactory.create(solution=solution)
        solution.groups.create(name="North").members.create(member=member)

        copy = copy_solution(solution, name="other", title="Other", by=owner)

        copy.refresh_from_db()
        assert (copy.organization, copy.version) == (solution.organization, 1)
        assert bytes(copy.versions.get().archive) == bytes(
            PublishedVersion.objects.get(solution=solution, number=2).archive
        )
        assert copy.custom_settings == {"region": "EU"}
        assert [(group.name, group.members.count()) for group in copy.groups.all()] == [
            ("North", 0)
        ]
        assert [member.membership.user for member in copy.members.all()] == [owner]
        credential = copy.credentials.get()
        assert (credential.key, credential.type) == ("crm", Credential.Type.API_KEY)
        assert credential.allowed_origins == ["https://crm.example.com"]
        assert (credential.sealed, credential.has_secret) == (None, False)

    def test_says_that_its_secrets_are_missing(self, solution: Solution, owner: User) -> None:
        publish(
            solution, by=owner, with_credential=WITH_CREDENTIAL, with_connection=WITH_CONNECTION
        )
        save_secret(solution, by=owner)
        save_server(solution, by=owner)

        copy = copy_solution(solution, name="other", by=owner)

        said = {warning["code"] for warning in copy.versions.get().warnings}
        assert said >= {"credential_missing", "connection_missing"}

    def test_brings_connections_to_servers_that_prove_themselves(
        self, solution: Solution, owner: User
    ) -> None:
        original = save_server(solution, by=owner, port=1444, trusts_any_certificate=True)
        original.note_test(failed_stage="")

        connection = copy_solution(solution, name="other", by=owner).connections.get()

        assert (connection.name, connection.server, connection.port) == (
            "erp", "sql.example.com", 1444,
        )  # fmt: skip
        assert (connection.sealed, connection.has_secret) == (None, False)
        assert not connection.trusts_any_certificate
        assert connection.tested_at is None

    def test_is_recorded_without_a_value(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        save_server(solution, by=owner)

        copy = copy_solution(solution, name="other", by=owner)

        event = AuditEvent.objects.get(act="solution.copy")
        assert (event.actor, event.subject_id) == (owner, str(copy.pk))
        assert event.changes == {
            "copied_from": [None, str(solution.pk)],
            "groups": [[], []],
            "credentials": [[], ["crm"]],
            "connections": [[], ["erp"]],
        }

    def test_copies_what_was_never_published(self, solution: Solution, owner: User) -> None:
        copy = copy_solution(solution, name="other", by=owner)

        assert (copy.version, copy.title) == (0, "Field (copy)")

    def test_opens_no_secret_to_devices_without_the_right_to(
        self, solution: Solution, owner: User
    ) -> None:
        save_credential(
            solution,
            key="maps",
            type=Credential.Type.API_KEY,
            secret=SECRET,
            allowed_origins=[],
            available_to_devices=True,
            by=owner,
        )

        by_owner = copy_solution(solution, name="one", by=owner)
        by_creator = copy_solution(solution, name="two", by=creator(solution, Role.OWNER))

        assert by_owner.credentials.get().available_to_devices
        assert not by_creator.credentials.get().available_to_devices

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR])
    def test_refuses_all_but_its_owners(self, solution: Solution, role: Role) -> None:
        with pytest.raises(NotAllowed):
            copy_solution(solution, name="other", by=creator(solution, role))

        assert Solution.objects.count() == 1

    def test_refuses_an_owner_who_may_not_make_solutions(self, solution: Solution) -> None:
        by = creator(solution, Role.OWNER)
        by.memberships.update(role=Membership.Role.USER)

        with pytest.raises(NotAllowed):
            copy_solution(solution, name="other", by=by)

    def test_leaves_nothing_when_the_name_is_refused(self, solution: Solution, owner: User) -> None:
        for name, refusal in (("field", NameTaken), ("No!", NotAName)):
            with pytest.raises(refusal) as refused:
                copy_solution(solution, name=name, by=owner)
            assert refused.value.faults[0].pointer == "/name"

        assert not AuditEvent.objects.exists()


class TestSuggestions:
    def test_are_free_and_within_bounds(self) -> None:
        long = SolutionFactory.create(name="f" * 50, title="F" * 100)
        field = SolutionFactory.create(name="field", organization=long.organization)
        SolutionFactory.create(name="field-copy", organization=long.organization)

        assert suggested_name(field) == "field-copy-2"
        assert suggested_name(long) == "f" * 45 + "-copy"
        assert suggested_title(long) == "F" * 93 + " (copy)"


class TestCredentialWithoutSecret:
    def test_is_filled_by_saving_it(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        copy = copy_solution(solution, name="other", by=owner)
        place = copy.credentials.get()

        saved = save_secret(copy, by=owner)

        assert (saved.pk, saved.has_secret) == (place.pk, True)

    def test_has_a_key_for_what_is_sealed_or_neither(self, solution: Solution, owner: User) -> None:
        credential = save_secret(solution, by=owner)

        with pytest.raises(IntegrityError), transaction.atomic():
            Credential.objects.filter(pk=credential.pk).update(sealed=None)


@pytest.mark.django_db(transaction=True)
class TestWorker:
    def test_refuses_to_send_the_key_in_place_of_the_secret(
        self, solution: Solution, owner: User
    ) -> None:
        save_secret(solution, by=owner)
        copy = copy_solution(solution, name="other", by=owner)
        database = Database(1)

        async def find(key: str) -> object:
            credential = await CredentialCache(database).find(copy.pk, stamp=0, key=key)
            return credential and opened(credential)

        try:
            with pytest.raises(CredentialMissing):
                asyncio.run(find("crm"))
            assert asyncio.run(find("other")) is None
        finally:
            database.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_copies_of_one_name_have_one_winner(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        other = SolutionFactory.create(organization=solution.organization)
        SolutionMemberFactory.create(
            solution=other, membership=owner.memberships.get(), role=Role.OWNER
        )

        outcomes = all_at_once(
            [
                lambda source=source: copy_solution(  # type: ignore[misc]
                    Solution.objects.get(pk=source.pk), name="copy", by=owner
                )
                for source in (solution, other)
            ],
            meeting='INSERT INTO "orgs_solution"',
        )

        assert len([one for one in outcomes if isinstance(one, NameTaken)]) == 1
        assert Solution.objects.filter(name="copy").count() == 1
        assert AuditEvent.objects.filter(act="solution.copy").count() == 1
