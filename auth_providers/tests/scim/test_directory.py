"""What a directory does through its door: people let in and out, groups filled."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from auth_providers.models import (
    Device,
    PersonalAccessToken,
    ScimGroup,
    ScimToken,
    ScimUser,
    SingleSignOn,
)
from auth_providers.services.ended_access import end_all_access
from auth_providers.services.scim_tokens import make_scim_token
from auth_providers.tests.factories import personal_token, signed_in
from auth_providers.tests.flows import sign_in_browser
from orgs.models import AuditEvent, GroupMember, Membership, Organization, User
from orgs.tests.factories import (
    DomainFactory,
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Finding = ScimUser.Finding
Send = Callable[..., Any]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MIA = {
    "schemas": [USER],
    "userName": "Mia@acme.example",
    "externalId": "00u1",
    "name": {"givenName": "Mia", "familyName": "Novak"},
    "active": True,
}


@pytest.fixture
def owner() -> Membership:
    owner = MembershipFactory.create(owner=True)
    DomainFactory.create(organization=owner.organization, name="acme.example", proved=True)
    return owner


@pytest.fixture
def acme(owner: Membership) -> Organization:
    return owner.organization


@pytest.fixture
def send(client: Client, owner: Membership) -> Send:
    secret = make_scim_token(owner.organization, by=owner.user, now=timezone.now()).secret

    def send(method: str, path: str, body: Any = None) -> Any:
        return client.generic(
            method,
            f"/scim/v2{path}",
            body if isinstance(body, str) else json.dumps(body),
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {secret}"},
        )

    return send


def changing(**operation: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [operation]}


def active(*, value: Any) -> dict[str, Any]:
    return changing(op="Replace", path="active", value=value)


class TestPeople:
    def test_makes_a_member_of_somebody_at_a_proved_domain(
        self, send: Send, acme: Organization
    ) -> None:
        answer = send("POST", "/Users", MIA)

        assert answer.status_code == 201
        person = ScimUser.objects.get()
        assert (str(person.pk), person.finding) == (answer.json()["id"], Finding.LINKED)
        assert person.membership is not None
        assert (person.membership.role, person.membership.organization) == ("USER", acme)
        user = person.membership.user
        assert (user.email, user.first_name) == ("mia@acme.example", "Mia")
        assert EmailAddress.objects.get(user=user).verified
        assert not user.has_usable_password()
        admitted = AuditEvent.objects.get(act="member.admit")
        assert (admitted.actor, admitted.actor_label) == (None, "directory")

    def test_gives_what_single_sign_on_gives(self, send: Send, acme: Organization) -> None:
        solution = SolutionFactory.create(organization=acme)
        SingleSignOn.objects.create(organization=acme).solutions.add(solution)

        send("POST", "/Users", MIA)

        assert solution.members.get().membership.user.email == "mia@acme.example"

    @pytest.mark.parametrize(
        ("address", "finding"),
        [
            ("mia@other.example", Finding.DOMAIN_UNPROVED),
            ("mia@sub.acme.example", Finding.DOMAIN_UNPROVED),
            ("mia", Finding.NO_ADDRESS),
        ],
    )
    def test_speaks_for_no_other_domain(self, send: Send, address: str, finding: str) -> None:
        UserFactory.create(email="mia@other.example")

        answer = send("POST", "/Users", MIA | {"userName": address})

        assert answer.status_code == 201
        assert ScimUser.objects.get().finding == finding
        assert not Membership.objects.filter(user__email=address).exists()

    def test_takes_the_account_that_has_proved_the_address(self, send: Send) -> None:
        mia = UserFactory.create(email="mia@acme.example")

        send("POST", "/Users", MIA)

        assert mia.memberships.get().scim_user == ScimUser.objects.get()

    def test_takes_no_account_that_claims_the_address(self, send: Send) -> None:
        claimed = UserFactory.create(email="mia@acme.example", address__verified=False)

        send("POST", "/Users", MIA)

        assert ScimUser.objects.get().finding == Finding.ACCOUNT_UNPROVED
        assert not claimed.memberships.exists()

    def test_keeps_no_password(self, send: Send) -> None:
        answer = send("POST", "/Users", MIA | {"password": "hunter2 hunter2"})

        assert "password" not in answer.json()
        assert "hunter2" not in str(ScimUser.objects.get().attributes)
        assert not User.objects.get(email="mia@acme.example").has_usable_password()

    def test_tells_that_a_user_name_is_taken(self, send: Send) -> None:
        send("POST", "/Users", MIA)

        answer = send("POST", "/Users", MIA | {"userName": "MIA@acme.example"})

        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")

    @pytest.mark.parametrize("value", [False, "False"], ids=["Okta", "Entra"])
    def test_ends_all_access_of_whom_it_lets_go(
        self, send: Send, client: Client, value: Any
    ) -> None:
        user = UserFactory.create(email="mia@acme.example")
        person = send("POST", "/Users", MIA).json()
        session = sign_in_browser(user)
        signed_in(user)
        personal_token(user)

        answer = send("PATCH", f"/Users/{person['id']}", active(value=value))

        assert answer.status_code == 204
        assert send("GET", f"/Users/{person['id']}").json()["active"] is False
        assert not user.memberships.get().is_active
        assert not Device.objects.live(timezone.now()).exists()
        assert not PersonalAccessToken.objects.live(timezone.now()).exists()
        assert not UserSession.objects.filter(user=user).exists()
        assert not Session.objects.filter(session_key=session.session_key).exists()

    def test_lets_in_again_whom_it_takes_back(self, send: Send) -> None:
        person = send("POST", "/Users", MIA).json()

        send("PATCH", f"/Users/{person['id']}", active(value=False))
        send("PATCH", f"/Users/{person['id']}", active(value=True))

        assert Membership.objects.get(user__email="mia@acme.example").is_active

    def test_leaves_out_whom_an_admin_has_let_go(self, send: Send) -> None:
        person = send("POST", "/Users", MIA).json()
        Membership.objects.filter(scim_user=person["id"]).update(is_active=False)

        send("PUT", f"/Users/{person['id']}", MIA | {"displayName": "Mia"})

        assert not Membership.objects.get(scim_user=person["id"]).is_active

    def test_leaves_out_whom_an_admin_has_removed(self, send: Send) -> None:
        person = send("POST", "/Users", MIA).json()
        Membership.objects.filter(scim_user=person["id"]).delete()

        send("PUT", f"/Users/{person['id']}", MIA | {"displayName": "Mia"})

        assert ScimUser.objects.get().finding == Finding.REMOVED
        assert not Membership.objects.filter(user__email="mia@acme.example").exists()

    def test_ends_with_the_resource(self, send: Send) -> None:
        person = send("POST", "/Users", MIA).json()

        assert send("DELETE", f"/Users/{person['id']}").status_code == 204
        assert send("GET", f"/Users/{person['id']}").status_code == 404
        assert not Membership.objects.get(user__email="mia@acme.example").is_active

    def test_does_not_take_the_last_owner(self, send: Send, owner: Membership) -> None:
        email = owner.user.email
        person = send("POST", "/Users", MIA | {"userName": email}).json()

        answer = send("PATCH", f"/Users/{person['id']}", active(value=False))

        assert (answer.status_code, answer.json()["status"]) == (409, "409")
        owner.refresh_from_db()
        assert owner.is_active
        assert ScimUser.objects.get().is_active

    def test_gives_nobody_a_name_that_no_letter_can_carry(self, send: Send) -> None:
        send("POST", "/Users", MIA | {"name": {"givenName": "M\nBcc: x", "familyName": "Novak"}})

        mia = User.objects.get(email="mia@acme.example")
        assert (mia.first_name, mia.last_name) == ("", "Novak")

    def test_takes_no_owner_by_an_admins_token(
        self, send: Send, owner: Membership, acme: Organization
    ) -> None:
        another = MembershipFactory.create(organization=acme, owner=True)
        person = send("POST", "/Users", MIA | {"userName": another.user.email}).json()
        admin = MembershipFactory.create(organization=acme, admin=True)
        ScimToken.objects.update(created_by=admin.user)

        answer = send("PATCH", f"/Users/{person['id']}", active(value=False))

        assert answer.status_code == 409
        assert send("DELETE", f"/Users/{person['id']}").status_code == 409
        another.refresh_from_db()
        assert another.is_active

        ScimToken.objects.update(created_by=owner.user)
        assert send("PATCH", f"/Users/{person['id']}", active(value=False)).status_code == 204
        ScimToken.objects.update(created_by=admin.user)
        answer = send("PATCH", f"/Users/{person['id']}", active(value=True))
        assert answer.status_code == 409


class TestGroups:
    @pytest.fixture
    def place(self, acme: Organization) -> Any:
        return SolutionGroupFactory.create(solution__organization=acme)

    def group_of(self, send: Send, *people: str) -> str:
        members = [{"value": person} for person in people]
        body = {"schemas": [GROUP], "displayName": "Field", "members": members}
        return str(send("POST", "/Groups", body).json()["id"])

    def test_fills_the_groups_that_it_stands_for(self, send: Send, place: Any) -> None:
        mia = send("POST", "/Users", MIA).json()["id"]
        group = self.group_of(send)
        ScimGroup.objects.get().solution_groups.add(place)

        added = changing(op="Add", path="members", value=[{"value": mia}])
        answer = send("PATCH", f"/Groups/{group}", added)

        assert answer.status_code == 204
        assert str(GroupMember.objects.get(group=place).member.membership.scim_user.pk) == mia

    @pytest.mark.parametrize(
        "removed",
        [
            {"op": "remove", "path": 'members[value eq "{mia}"]'},
            {"op": "Remove", "path": "members", "value": [{"value": "{mia}"}]},
        ],
        ids=["as Okta sends it", "as Entra sends it"],
    )
    def test_takes_out_who_leaves(self, send: Send, place: Any, removed: Any) -> None:
        mia = send("POST", "/Users", MIA).json()["id"]
        group = self.group_of(send, mia)
        standing = ScimGroup.objects.get()
        standing.solution_groups.add(place)
        send("PATCH", f"/Groups/{group}", changing(op="replace", path="displayName", value="Night"))
        assert GroupMember.objects.filter(group=place).count() == 1

        asked = json.dumps(changing(**removed)).replace("{mia}", mia)
        answer = send("PATCH", f"/Groups/{group}", asked)

        assert answer.status_code == 204
        assert not GroupMember.objects.filter(group=place).exists()
        assert not standing.members.exists()

    def test_forgets_a_person_who_is_gone(self, send: Send) -> None:
        mia = send("POST", "/Users", MIA).json()["id"]
        group = self.group_of(send, mia)

        send("DELETE", f"/Users/{mia}")

        assert not send("GET", f"/Groups/{group}").json().get("members")


class TestDoor:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer jxs_unknown"}])
    def test_asks_who_calls(self, client: Client, header: dict[str, str]) -> None:
        answer = client.get("/scim/v2/Users", headers=header)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]

    def test_takes_no_token_of_a_person(self, client: Client, owner: Membership) -> None:
        header = {"Authorization": f"Bearer {personal_token(owner.user).secret}"}

        assert client.get("/scim/v2/Users", headers=header).status_code == 401

    def test_finds_by_user_name_in_any_case(self, send: Send) -> None:
        send("POST", "/Users", MIA)

        answer = send("GET", '/Users?filter=userName eq "MIA@ACME.example"')

        assert answer.json()["totalResults"] == 1

    def test_looks_at_a_bounded_number_of_rows_for_a_page(
        self, send: Send, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(5):
            send("POST", "/Users", MIA | {"userName": f"p{number}@other.example"})

        with django_assert_max_num_queries(8):
            page = send("GET", "/Users?startIndex=2&count=2").json()

        assert (page["totalResults"], page["itemsPerPage"]) == (5, 2)

    def test_refuses_what_is_no_json(self, send: Send) -> None:
        assert send("POST", "/Users", "{").status_code == 400

    def test_is_dead_once_another_token_is_made(self, send: Send, owner: Membership) -> None:
        make_scim_token(owner.organization, by=owner.user, now=timezone.now())

        assert send("GET", "/Users").status_code == 401


def test_all_access_is_ended_for_one_person_alone(owner: Membership) -> None:
    mia, other = UserFactory.create_batch(2)
    personal_token(mia)
    kept = personal_token(other).token

    end_all_access(mia, organization=owner.organization, now=timezone.now())

    assert PersonalAccessToken.objects.live(timezone.now()).get() == kept
