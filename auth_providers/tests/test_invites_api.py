"""Invitations at the API's door: for those who invite, and for the invited."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from orgs.models import Invite, Membership, User
from orgs.tests.factories import (
    PASSWORD,
    InviteFactory,
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

JSON = "application/json"
TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def api(owner: Membership, client_with: type_of_client) -> Client:
    return client_with(personal_token(owner.user).secret)


def url(membership: Membership, name: str = "api-invites", *more: Any) -> str:
    return reverse(name, args=[membership.organization_id, *more])


def post(client: Client, address: str, body: Any = None, **headers: str) -> Any:
    return client.post(address, body or {}, content_type=JSON, headers=headers)


def refusal_of(answer: Any) -> tuple[int, str, list[str]]:
    problem = answer.json()
    pointers = [fault["pointer"] for fault in problem.get("errors", [])]
    return answer.status_code, problem["code"], pointers


class TestInviteOne:
    def test_gives_what_is_meant_for_them(self, api: Client, owner: Membership) -> None:
        group = SolutionGroupFactory.create(solution__organization=owner.organization)
        solution = SolutionFactory.create(organization=owner.organization)
        body = {
            "email": "Lars@acme.example",
            "language": "de",
            "role": "CREATOR",
            "solutions": [{"id": str(solution.pk), "role": "EDITOR"}],
            "groups": [str(group.pk)],
        }

        answer = post(api, url(owner), body)

        assert answer.status_code == 201
        made = answer.json()
        assert (made["email"], made["state"], made["role"]) == (
            "lars@acme.example",
            "SENT",
            "CREATOR",
        )
        assert made["solutions"] == [
            {"id": str(solution.pk), "name": solution.name, "role": "EDITOR"}
        ]
        assert [place["id"] for place in made["groups"]] == [str(group.pk)]
        assert api.get(url(owner, "api-invite", made["id"])).json() == made

    def test_says_no(self, api: Client, owner: Membership) -> None:
        invited = InviteFactory.create(organization=owner.organization)
        foreign = SolutionFactory.create()

        for body, refusal in [
            ({"email": "nonsense"}, (422, "invalid", ["/email"])),
            ({"email": invited.email}, (409, "already_invited", ["/email"])),
            ({"email": owner.user.email}, (409, "already_member", ["/email"])),
            (
                {"email": "mia@acme.example", "solutions": [str(foreign.pk)]},
                (422, "solution_unknown", ["/solutions/0"]),
            ),
            ('"nonsense"', (422, "invalid", [""])),
        ]:
            assert refusal_of(post(api, url(owner), body)) == refusal

    def test_happens_once_for_a_key(self, api: Client, owner: Membership) -> None:
        body, key = {"email": "lars@acme.example"}, {"Idempotency-Key": "k"}

        answers = [post(api, url(owner), body, **key) for _attempt in range(2)]

        assert [answer.status_code for answer in answers] == [201, 409]
        assert answers[1].json()["subject_id"] == answers[0].json()["id"]


class TestInviteMany:
    def test_keeps_their_order(self, api: Client, owner: Membership) -> None:
        body = [{"email": "b@acme.example"}, {"email": "a@acme.example", "role": "ADMIN"}]

        answer = post(api, url(owner), body)

        assert answer.status_code == 201
        rows = [(row["email"], row["role"]) for row in answer.json()["results"]]
        assert rows == [("b@acme.example", "USER"), ("a@acme.example", "ADMIN")]

    def test_invites_nobody_where_a_row_has_a_fault(self, api: Client, owner: Membership) -> None:
        body = [
            {"email": "a@acme.example"},
            {"email": "nonsense", "role": "BOSS"},
            "nonsense",
            {"email": "b@acme.example", "language": "xx", "groups": [str(owner.pk)]},
            {"email": owner.user.email},
        ]

        answer = post(api, url(owner), body)

        status, _code, pointers = refusal_of(answer)
        assert status == 422
        assert sorted(pointers) == ["/1/email", "/1/role", "/2", "/3/groups/0", "/4/email"]
        assert not Invite.objects.exists()

    def test_is_tried_without_sending(self, api: Client, owner: Membership) -> None:
        body = [{"email": "a@acme.example"}, {"email": "nonsense"}]

        answer = post(api, url(owner) + "?dry_run=true", body)

        assert answer.status_code == 200
        first, second = answer.json()["results"]
        assert first == {"email": "a@acme.example", "is_in_order": True, "errors": []}
        assert [fault["pointer"] for fault in second["errors"]] == ["/email"]
        assert not Invite.objects.exists()

    def test_is_bounded(self, api: Client, owner: Membership) -> None:
        answer = post(api, url(owner), [{"email": "a@acme.example"}] * 1001)

        assert refusal_of(answer) == (413, "too_many_invitations", [])


class TestInvites:
    def test_are_listed_by_state_and_words(self, api: Client, owner: Membership) -> None:
        here = {"organization": owner.organization}
        bounced = InviteFactory.create(state=Invite.State.BOUNCED, email="mia1@a.example", **here)
        InviteFactory.create(state=Invite.State.BOUNCED, email="y@a.example", **here)
        InviteFactory.create(email="mia2@a.example", **here)
        InviteFactory.create(state=Invite.State.BOUNCED, email="mia3@a.example")

        answer = api.get(url(owner), {"state": "BOUNCED", "search": "mia"})

        assert [row["id"] for row in answer.json()["results"]] == [str(bounced.pk)]
        assert answer.json()["next"] is None

    def test_are_sent_again_and_revoked(self, api: Client, owner: Membership) -> None:
        invite = InviteFactory.create(organization=owner.organization)

        again = post(api, url(owner, "api-invite-resend", invite.pk), {"language": "de"})
        revoked = api.delete(url(owner, "api-invite", invite.pk))
        too_late = post(api, url(owner, "api-invite-resend", invite.pk))

        assert (again.status_code, again.json()["language"]) == (200, "de")
        assert revoked.status_code == 204
        assert refusal_of(too_late)[:2] == (409, "invite_ended")

    @pytest.mark.parametrize("role", ["CREATOR", "USER"])
    def test_are_for_owners_and_admins(
        self, owner: Membership, client_with: type_of_client, role: str
    ) -> None:
        member = MembershipFactory.create(organization=owner.organization, role=role)
        invite = InviteFactory.create(organization=owner.organization)
        client = client_with(personal_token(member.user).secret)

        for answer in (
            client.get(url(owner)),
            post(client, url(owner), {"email": "a@acme.example"}),
            client.delete(url(owner, "api-invite", invite.pk)),
        ):
            assert refusal_of(answer)[:2] == (403, "not_allowed")

    def test_are_nothing_to_strangers(self, owner: Membership, client_with: type_of_client) -> None:
        stranger = MembershipFactory.create(owner=True)
        invite = InviteFactory.create(organization=owner.organization)
        client = client_with(personal_token(stranger.user).secret)

        for answer in (
            client.get(url(owner)),
            post(client, url(owner), {"email": "a@acme.example"}),
            client.get(url(owner, "api-invite", invite.pk)),
            client.get(url(stranger, "api-invite", invite.pk)),
            post(client, url(stranger, "api-invite-resend", invite.pk)),
        ):
            assert answer.status_code == 404

    def test_take_the_scope(self, owner: Membership, client_with: type_of_client) -> None:
        client = client_with(personal_token(owner.user, scopes=["people:read"]).secret)

        assert client.get(url(owner)).status_code == 200
        assert post(client, url(owner), {"email": "a@acme.example"}).status_code == 403


class TestAcceptInvite:
    URL = "/api/v1/invites/accept"

    def test_makes_an_account(self, client: Client) -> None:
        invite = InviteFactory.create(token=TOKEN, role=Membership.Role.CREATOR)
        body = {"token": TOKEN, "password": PASSWORD, "first_name": "Lars"}

        answer = post(client, self.URL, body)

        assert answer.status_code == 201
        assert answer.json()["organization_id"] == str(invite.organization_id)
        assert answer.json()["role"] == "CREATOR"
        assert User.objects.get(email=invite.email).first_name == "Lars"
        assert refusal_of(post(client, self.URL, body))[:2] == (404, "invite_used")

    def test_takes_a_password(self, client: Client) -> None:
        InviteFactory.create(token=TOKEN)

        answer = post(client, self.URL, {"token": TOKEN})

        assert refusal_of(answer)[:2] == (422, "password_weak")

    def test_takes_signing_in_where_there_is_an_account(
        self, client: Client, client_with: type_of_client
    ) -> None:
        user = UserFactory.create()
        InviteFactory.create(token=TOKEN, email=user.email)
        another = client_with(signed_in().access_token)
        mine = client_with(signed_in(user).access_token)

        answers = [
            post(client, self.URL, {"token": TOKEN, "password": PASSWORD}),
            post(another, self.URL, {"token": TOKEN}),
            post(mine, self.URL, {"token": TOKEN}),
        ]

        assert refusal_of(answers[0])[:2] == (401, "sign_in_required")
        assert refusal_of(answers[1])[:2] == (403, "invited_another")
        assert answers[2].status_code == 201
        assert user.memberships.count() == 1

    def test_lets_no_app_out_of_its_organization(self, client_with: type_of_client) -> None:
        member = MembershipFactory.create()
        app = AppFactory.create(organization=member.organization)
        client = client_with(signed_in(member.user, app=app).access_token)
        elsewhere = InviteFactory.create(token=TOKEN, email=member.user.email)
        InviteFactory.create(
            token="of-its-own", email=member.user.email, organization=member.organization
        )

        refused = post(client, self.URL, {"token": TOKEN})
        accepted = post(client, self.URL, {"token": "of-its-own"})

        assert refusal_of(refused)[:2] == (403, "app_confined")
        assert not elsewhere.organization.memberships.filter(user=member.user).exists()
        assert accepted.status_code == 201

    def test_takes_a_personal_token_that_writes(self, client_with: type_of_client) -> None:
        user = UserFactory.create()
        InviteFactory.create(token=TOKEN, email=user.email)
        reader, writer = (
            client_with(personal_token(user, scopes=[f"organization:{act}"]).secret)
            for act in ("read", "write")
        )

        refused = post(reader, self.URL, {"token": TOKEN})

        assert refusal_of(refused)[:2] == (403, "insufficient_scope")
        assert not user.memberships.exists()
        assert post(writer, self.URL, {"token": TOKEN}).status_code == 201

    def test_ends_what_nobody_stands_behind_any_more(self, client: Client) -> None:
        invite = InviteFactory.create(token=TOKEN)
        Membership.objects.filter(user=invite.invited_by).delete()

        answer = post(client, self.URL, {"token": TOKEN, "password": PASSWORD})

        assert refusal_of(answer)[:2] == (404, "invite_revoked")
        assert not User.objects.filter(email=invite.email).exists()

    def test_knows_no_other_token(self, client: Client) -> None:
        answer = post(client, self.URL, {"token": "nonsense", "password": PASSWORD})

        assert refusal_of(answer)[:2] == (404, "invite_unknown")
