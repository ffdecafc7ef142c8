"""Making people known, and members."""

import pytest
from allauth.account.models import EmailAddress

from orgs.models import AuditEvent, Membership, User, display_name
from orgs.services.people import (
    Admission,
    MembershipInactive,
    NotAnAddress,
    WeakPassword,
    admit_member,
    check_password,
    register_person,
    set_member_role,
)
from orgs.tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestRegisterPerson:
    def test_keeps_one_spelling_of_a_proved_address(self) -> None:
        user = register_person(" Mia@Acme.example", password=PASSWORD, first_name="Mia")

        address = EmailAddress.objects.get()
        assert (user.email, user.first_name) == ("mia@acme.example", "Mia")
        assert (address.email, address.user) == ("mia@acme.example", user)
        assert address.verified
        assert address.primary

    def test_keeps_no_password_in_clear(self) -> None:
        user = register_person("mia@acme.example", password=PASSWORD)

        assert PASSWORD not in repr(User.objects.filter(pk=user.pk).values())
        assert user.check_password(PASSWORD)

    def test_leaves_an_existing_person_as_they_are(self) -> None:
        existing = UserFactory.create(email="mia@acme.example")

        again = register_person("MIA@acme.example", password="another long password")

        assert again == existing
        assert again.check_password(PASSWORD)
        assert not AuditEvent.objects.exists()

    def test_is_recorded(self) -> None:
        user = register_person("mia@acme.example", password=PASSWORD)

        event = AuditEvent.objects.get()
        assert (event.act, event.subject_id) == ("user.create", str(user.pk))
        assert PASSWORD not in str(event.changes)

    @pytest.mark.parametrize("email", ["", "mia", "mia@", "@acme.example", "mia @acme.example"])
    def test_refuses_what_is_no_address(self, email: str) -> None:
        with pytest.raises(NotAnAddress) as refusal:
            register_person(email, password=PASSWORD)

        assert [fault.pointer for fault in refusal.value.faults] == ["/email"]
        assert not User.objects.exists()

    def test_gives_every_reason_against_a_password(self) -> None:
        with pytest.raises(WeakPassword) as refusal:
            register_person("mia@acme.example", password="pass")

        assert len(refusal.value.faults) == 2  # short, and common
        assert {fault.pointer for fault in refusal.value.faults} == {"/password"}
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "password",
        [
            "qzvkxwpj",  # eight
            "only small letters and spaces",
            "834719264051",
            "ПАРОЛЬ из букв",
            "🌶️🌶️ and 🥕🥕",
            "a long sentence " * 16,
        ],
    )
    def test_takes_a_password_of_any_composition(self, password: str) -> None:
        assert register_person("mia@acme.example", password=password).check_password(password)

    def test_refuses_a_password_of_seven_characters(self) -> None:
        with pytest.raises(WeakPassword):
            register_person("mia@acme.example", password="qzvkxwp")

    @pytest.mark.parametrize(
        "password", ["sunshine1", "Password123", "iloveyou1", "1q2w3e4r5t", "qwertyuiop"]
    )
    def test_refuses_what_leaked_lists_begin_with(self, password: str) -> None:
        with pytest.raises(WeakPassword):
            register_person("mia@acme.example", password=password)

    @pytest.mark.parametrize(
        "password", ["Jigxmgmt-2026!", "acmeACME.1", "Admin&Owner", "8Portal8"]
    )
    def test_refuses_words_that_anybody_here_would_guess(self, password: str) -> None:
        with pytest.raises(WeakPassword):
            register_person("mia@acme.example", password=password)

    def test_refuses_a_password_like_the_person_s_name(self) -> None:
        with pytest.raises(WeakPassword):
            register_person(
                "mia@acme.example",
                password="Brandenburger",
                first_name="Mia",
                last_name="Brandenburger",
            )


class TestAdmitMember:
    def test_makes_a_member_of_this_role(self) -> None:
        user, organization = UserFactory.create(), OrganizationFactory.create()

        admission = admit_member(
            user, organization=organization, role=Membership.Role.CREATOR, by=None
        )

        membership = admission.membership
        assert admission.is_new
        assert organization.memberships.get() == membership
        assert membership.role == Membership.Role.CREATOR
        event = AuditEvent.objects.get()
        assert (event.act, event.organization) == ("member.admit", organization)
        assert event.changes == {"role": [None, "CREATOR"]}

    def test_leaves_a_membership_as_it_is(self) -> None:
        admin = MembershipFactory.create(admin=True)

        again = admit_member(
            admin.user, organization=admin.organization, role=Membership.Role.USER, by=None
        )

        assert again == Admission(admin, is_new=False)
        assert again.membership.role == Membership.Role.ADMIN
        assert not AuditEvent.objects.exists()

    def test_refuses_who_was_let_go(self) -> None:
        former = MembershipFactory.create(is_active=False)

        with pytest.raises(MembershipInactive):
            admit_member(
                former.user, organization=former.organization, role=Membership.Role.USER, by=None
            )

        assert not former.organization.memberships.active().exists()


class TestSetMemberRole:
    def test_gives_another_role(self) -> None:
        member = MembershipFactory.create()

        set_member_role(member, role=Membership.Role.OWNER, by=None)

        assert member.organization.memberships.owners().get() == member
        event = AuditEvent.objects.get()
        assert (event.act, event.organization) == ("member.set_role", member.organization)
        assert event.changes == {"role": ["USER", "OWNER"]}

    def test_does_nothing_when_it_is_the_role(self) -> None:
        set_member_role(MembershipFactory.create(), role=Membership.Role.USER, by=None)

        assert not AuditEvent.objects.exists()


class TestUser:
    def test_is_an_operator_when_made_as_superuser(self) -> None:
        operator = User.objects.create_superuser("Ops@Acme.example", PASSWORD)

        assert (operator.is_staff, operator.is_superuser) == (True, True)
        assert User.objects.get_by_natural_key("OPS@acme.example") == operator

    def test_cannot_sign_in_by_password_without_one(self) -> None:
        assert not User.objects.create_user("mia@acme.example").has_usable_password()

    @pytest.mark.parametrize(
        ("first", "last", "shown"),
        [
            ("Mia", "Berg", "Mia Berg"),
            ("Mia", "", "Mia"),
            ("", "Berg", "Berg"),
            ("", "", "mia@acme.example"),
        ],
    )
    def test_is_shown_by_name_or_else_by_address(self, first: str, last: str, shown: str) -> None:
        assert display_name(User(email="mia@acme.example", first_name=first, last_name=last)) == (
            shown
        )


class TestCheckPassword:
    def test_knows_the_names_of_the_person_s_organizations(self) -> None:
        member = MembershipFactory.create(organization__name="Nordlicht Werke")

        for password in ("Nordlicht2026", "werke.NORDLICHT", "nordlichtwerke"):
            with pytest.raises(WeakPassword):
                check_password(password, member.user)
        check_password("Nordlicht2026", UserFactory.create())
        check_password("nordlicht am fenster", member.user)
