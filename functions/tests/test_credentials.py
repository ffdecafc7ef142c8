"""Secrets go in, sealed, and never come out."""

from collections.abc import Sequence

import pytest

from auth_providers.models import DataKey
from auth_providers.services.vault import open_secret
from auth_providers.vault import SealBroken
from functions.models import Credential, CredentialStamp
from functions.services.credentials import (
    PLACE,
    NoSuchCredential,
    NotACredential,
    find_credential,
    remove_credential,
    require_configuring,
    save_credential,
)
from functions.tests.factories import SECRET, creator, save_secret, technician
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Solution, SolutionMember, User
from orgs.services.solutions import SolutionGone, delete_solution
from orgs.tests.factories import MembershipFactory, SolutionFactory
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


def opened(credential: Credential) -> str:
    """Open a credential as the worker does."""
    credential = Credential.objects.select_related("data_key").get(pk=credential.pk)
    assert credential.data_key is not None
    return open_secret(
        sealed(credential), data_key=credential.data_key, row=str(credential.pk), **PLACE
    )


def sealed(credential: Credential) -> bytes:
    assert credential.sealed is not None
    return bytes(credential.sealed)


def stamp_of(solution: Solution) -> int:
    return CredentialStamp.objects.get(solution=solution).number


def save(
    solution: Solution,
    user: User,
    *,
    key: str = "crm",
    secret: str = SECRET,
    origins: Sequence[str] = (),
    to_devices: bool = False,
) -> Credential:
    return save_credential(
        solution,
        key=key,
        type=Credential.Type.SECRET,
        secret=secret,
        allowed_origins=origins,
        available_to_devices=to_devices,
        by=user,
    )


def assert_refused(solution: Solution, user: User, pointer: str, **fields: str | list[str]) -> None:
    """Assert that this field alone is at fault, that nothing was kept and no secret was said."""
    wanted = {"key": "crm", "secret": SECRET, "origins": []} | fields
    with pytest.raises(NotACredential) as refusal:
        save(solution, user, **wanted)  # type: ignore[arg-type]

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]
    assert str(wanted["secret"]) not in repr(refusal.value.faults) or not wanted["secret"]
    assert not Credential.objects.exists()
    assert not CredentialStamp.objects.exists()


class TestSaveCredential:
    def test_keeps_nothing_in_clear(self, solution: Solution, owner: User) -> None:
        credential = save_secret(solution, by=owner)

        rows = [
            *Credential.objects.values_list(),
            *AuditEvent.objects.values_list(),
            *DataKey.objects.values_list(),
        ]
        kept = b" ".join(
            bytes(column) if isinstance(column, bytes | memoryview) else str(column).encode()
            for row in rows
            for column in row
        )
        assert SECRET.encode() not in kept
        assert opened(credential) == SECRET

    def test_does_not_know_a_solution_that_is_gone(self, solution: Solution, owner: User) -> None:
        Solution.objects.filter(pk=solution.pk).delete()

        with pytest.raises(SolutionGone):
            save(solution, owner)

    def test_shows_nothing_in_print(self, solution: Solution, owner: User) -> None:
        credential = save_secret(solution, by=owner)

        assert SECRET not in f"{credential} {credential!r}"

    def test_seals_the_same_secret_differently(self, solution: Solution, owner: User) -> None:
        first = sealed(save_secret(solution, by=owner))

        assert sealed(save_secret(solution, by=owner)) != first

    def test_takes_the_place_of_an_earlier_one(self, solution: Solution, owner: User) -> None:
        save(solution, owner, secret="old")

        save(solution, owner, secret="new")

        assert opened(Credential.objects.get()) == "new"

    def test_says_who_saved_it(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        editor = creator(solution, Role.EDITOR)

        save_secret(solution, by=editor)

        assert Credential.objects.get().saved_by == editor

    def test_makes_what_workers_cached_stale(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        first = stamp_of(solution)

        save_secret(solution, by=owner)
        second = stamp_of(solution)
        remove_credential(solution, key="crm", by=owner)

        assert first < second < stamp_of(solution)

    def test_leaves_the_stamps_of_other_solutions(self, solution: Solution, owner: User) -> None:
        other = SolutionFactory.create(organization=solution.organization)
        save_secret(other, by=owner)

        save_secret(solution, by=owner)

        assert stamp_of(other) == 1

    def test_is_recorded_without_the_secret(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        save(solution, owner, origins=["https://b.example"], to_devices=True)

        first, second = AuditEvent.objects.filter(act="credential.save").order_by("created_at")
        assert first.changes["allowed_origins"] == [None, ["https://crm.example.com"]]
        assert second.changes == {
            "type": ["api_key", "secret"],
            "allowed_origins": [["https://crm.example.com"], ["https://b.example"]],
            "available_to_devices": [False, True],
        }
        assert second.subject_label == "crm"

    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.EDITOR])
    def test_is_for_who_builds_the_solution(self, solution: Solution, role: Role) -> None:
        save_secret(solution, by=creator(solution, role))

        assert Credential.objects.exists()

    @pytest.mark.parametrize("role", [Role.USER, Role.DENY])
    def test_refuses_who_does_not(self, solution: Solution, role: Role) -> None:
        with pytest.raises(NotAllowed):
            save_secret(solution, by=creator(solution, role))

        assert not Credential.objects.exists()

    def test_refuses_an_owner_of_another_organization(self, solution: Solution) -> None:
        with pytest.raises(NotAllowed):
            save_secret(solution, by=MembershipFactory.create(owner=True).user)

    def test_gives_secrets_to_devices_by_owners_and_admins_alone(
        self, solution: Solution, owner: User
    ) -> None:
        admin = MembershipFactory.create(admin=True, organization=solution.organization).user

        with pytest.raises(NotAllowed):
            save(solution, creator(solution, Role.OWNER), to_devices=True)
        save(solution, admin, to_devices=True)

        assert Credential.objects.get().available_to_devices

    @pytest.mark.parametrize(
        "key", ["", "a", "1key", "a b", "key\n", "key-", "ä", "k" * 101, "a/b", "jigx"]
    )
    def test_refuses_a_key_that_is_none(self, solution: Solution, owner: User, key: str) -> None:
        assert_refused(solution, owner, "/key", key=key)

    @pytest.mark.parametrize("secret", ["", "two\nlines", "nul\x00", "a\r\nX-Evil: 1"])
    def test_refuses_a_secret_that_no_header_carries(
        self, solution: Solution, owner: User, secret: str
    ) -> None:
        assert_refused(solution, owner, "/secret/value", secret=secret)


class TestOrigins:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("https://api.example.com", "https://api.example.com"),
            (" HTTPS://API.Example.com/ ", "https://api.example.com"),
            ("https://api.example.com:443", "https://api.example.com"),
            ("https://api.example.com:8443/", "https://api.example.com:8443"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ],
    )
    def test_are_kept_in_one_spelling(
        self, solution: Solution, owner: User, written: str, kept: str
    ) -> None:
        credential = save(solution, owner, origins=[written, kept])

        assert credential.allowed_origins == [kept]

    @pytest.mark.parametrize(
        "origin",
        [
            "",
            "api.example.com",
            "//api.example.com",
            "https://",
            "https://api.example.com/v1",
            "https://api.example.com?x=1",
            "https://api.example.com#x",
            "https://user@api.example.com",
            "https://:@api.example.com",
            "https://api.example.com:99999",
            "https://*.example.com",
            "https://api example.com",
            "https://a..example.com",
            "https://bücher.example",
            "https://api.example.com:0",
            "ftp://api.example.com",
            "*",
            "null",
        ],
    )
    def test_are_scheme_and_host(self, solution: Solution, owner: User, origin: str) -> None:
        assert_refused(solution, owner, "/allowed_origins/1", origins=["https://a.example", origin])

    @pytest.mark.parametrize(
        "origin", ["http://crm.example.com", "http://10.1.2.3", "http://127.0.0.1:8080"]
    )
    def test_are_https(self, solution: Solution, owner: User, origin: str) -> None:
        assert_refused(solution, owner, "/allowed_origins/0", origins=[origin])

    def test_may_be_http_in_a_network_that_the_operator_opened(
        self, solution: Solution, owner: User
    ) -> None:
        solution.organization.allowed_networks = ["127.0.0.0/8"]

        credential = save(solution, owner, origins=["http://localhost:81", "http://127.0.0.9"])

        assert credential.allowed_origins == ["http://localhost:81", "http://127.0.0.9"]
        with pytest.raises(NotACredential):
            save(solution, owner, origins=["http://10.1.2.3"])
        with pytest.raises(NotACredential):  # a name may point elsewhere tomorrow
            save(solution, owner, origins=["http://localhost.example.com"])


class TestSeal:
    def test_is_broken_in_another_row(self, solution: Solution, owner: User) -> None:
        mine, other = save_secret(solution, by=owner), save_secret(solution, by=owner, key="other")

        Credential.objects.filter(pk=other.pk).update(sealed=mine.sealed)

        with pytest.raises(SealBroken):
            opened(other)

    def test_is_broken_in_another_organization(self, solution: Solution, owner: User) -> None:
        mine = save_secret(solution, by=owner)
        there = SolutionFactory.create()
        their_owner = MembershipFactory.create(owner=True, organization=there.organization).user
        theirs = save_secret(there, by=their_owner)

        Credential.objects.filter(pk=theirs.pk).update(
            sealed=mine.sealed, data_key=mine.data_key_id
        )

        with pytest.raises(SealBroken):
            opened(theirs)


class TestRemoveCredential:
    def test_is_recorded(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        remove_credential(solution, key="crm", by=owner)

        assert not Credential.objects.exists()
        assert AuditEvent.objects.get(act="credential.remove").subject_label == "crm"

    def test_refuses_a_key_that_there_is_not(self, solution: Solution, owner: User) -> None:
        save_secret(SolutionFactory.create(organization=solution.organization), by=owner)

        with pytest.raises(NoSuchCredential):
            remove_credential(solution, key="crm", by=owner)
        with pytest.raises(NoSuchCredential):
            find_credential(solution, key="crm")

    def test_refuses_who_does_not_build_the_solution(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        with pytest.raises(NotAllowed):
            remove_credential(solution, key="crm", by=technician(solution))
        with pytest.raises(NotAllowed):
            require_configuring(technician(solution), solution)

        assert Credential.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestSaversAtOnce:
    def test_leave_one_whole_credential(self, solution: Solution, owner: User) -> None:
        secrets = ["one", "two", "three", "four"]
        acts = [lambda secret=secret: save(solution, owner, secret=secret) for secret in secrets]

        all_at_once(acts, meeting='SELECT "orgs_solution"."id"')

        assert opened(Credential.objects.get()) in secrets
        assert stamp_of(solution) == len(secrets)
        assert AuditEvent.objects.filter(act="credential.save").count() == len(secrets)

    def test_leave_nothing_in_what_is_deleted(self, solution: Solution, owner: User) -> None:
        same = Solution.objects.get(pk=solution.pk)

        _deleted, saved = all_at_once(
            [lambda: delete_solution(solution, by=owner), lambda: save(same, owner)],
            meeting='SELECT "orgs_solution"."id"',
        )

        assert isinstance(saved, Credential | SolutionGone)
        assert not Credential.objects.exists()

    def test_make_the_organization_s_first_key_once(self, solution: Solution, owner: User) -> None:
        solutions = SolutionFactory.create_batch(4, organization=solution.organization)
        acts = [lambda there=there: save(there, owner) for there in solutions]

        saved = all_at_once(acts, meeting='INSERT INTO "auth_providers_datakey"')

        assert DataKey.objects.count() == 1
        assert {opened(credential) for credential in saved} == {SECRET}
