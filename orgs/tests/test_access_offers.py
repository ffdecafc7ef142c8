from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from orgs.models import AccessOffer, AuditEvent, JoinRequest, Organization
from orgs.services.access_offers import (
    NoSuchOffer,
    OfferExpired,
    OfferUsed,
    find_offered_request,
    forget_offers,
    offer_access,
    request_by_offer,
)
from orgs.services.join_requests import AlreadyRequested, withdraw_join_request
from orgs.services.people import NotAnAddress
from orgs.tests.factories import JoinRequestFactory, OrganizationFactory
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create()


@pytest.fixture
def token(acme: Organization) -> str:
    return offer(acme, "Lars@Acme.example")


def offer(acme: Organization, email: str) -> str:
    return offer_access(
        acme,
        email=email,
        first_name="Lars",
        last_name="Eriksen",
        issuer="https://idp.example",
        subject="lars-1",
        device="Pixel 9",
        now=NOW,
    )


def ask(token: str, organization: Organization, *, minutes: int = 1) -> JoinRequest:
    return request_by_offer(
        token,
        organization_id=organization.pk,
        message="Please",
        now=NOW + timedelta(minutes=minutes),
    )


class TestRequestByOffer:
    def test_carries_who_proved_what(self, acme: Organization, token: str) -> None:
        made = ask(token, acme)

        assert (made.user, made.email, made.display_name) == (
            None,
            "lars@acme.example",
            "Lars Eriksen",
        )
        assert (made.issuer, made.subject) == ("https://idp.example", "lars-1")
        assert (made.source, made.device) == (JoinRequest.Source.SINGLE_SIGN_ON, "Pixel 9")
        assert AuditEvent.objects.get(act="join_request.create").actor_label == made.email

    def test_keeps_no_token(self, token: str) -> None:
        assert token not in str(AccessOffer.objects.values().get())

    def test_keeps_the_one_spelling_of_an_address(self, acme: Organization) -> None:
        offer(acme, "Lars@Straße.de")

        assert AccessOffer.objects.get().email == "lars@xn--strae-oqa.de"
        with pytest.raises(NotAnAddress):
            offer(acme, "jörg@acme.example")

    def test_is_good_once(self, acme: Organization, token: str) -> None:
        ask(token, acme)

        with pytest.raises(OfferUsed):
            ask(token, acme)

    def test_is_good_for_a_quarter_of_an_hour(self, acme: Organization, token: str) -> None:
        with pytest.raises(OfferExpired):
            ask(token, acme, minutes=15)

    def test_is_good_for_its_organization(self, token: str) -> None:
        with pytest.raises(NoSuchOffer):
            ask(token, OrganizationFactory.create())

    def test_stays_usable_while_another_request_of_the_address_is_open(
        self, acme: Organization, token: str
    ) -> None:
        JoinRequestFactory.create(organization=acme, offered=True, email="lars@acme.example")

        with pytest.raises(AlreadyRequested):
            ask(token, acme)

        assert AccessOffer.objects.get().join_request is None

    def test_knows_no_made_up_token(self, acme: Organization) -> None:
        with pytest.raises(NoSuchOffer):
            ask(str(uuid4()), acme)


class TestFindOfferedRequest:
    def test_reads_where_it_stands_for_thirty_days(self, acme: Organization, token: str) -> None:
        made = ask(token, acme)

        assert find_offered_request(token, now=NOW + timedelta(days=30)) == made
        with pytest.raises(NoSuchOffer):
            find_offered_request(token, now=NOW + timedelta(days=31))

    def test_finds_nothing_before_it_was_used(self, token: str) -> None:
        with pytest.raises(NoSuchOffer):
            find_offered_request(token, now=NOW)

    def test_serves_to_withdraw(self, acme: Organization, token: str) -> None:
        ask(token, acme)

        withdraw_join_request(find_offered_request(token, now=NOW), by=None, now=NOW)

        assert JoinRequest.objects.get().status == JoinRequest.Status.WITHDRAWN
        assert AuditEvent.objects.get(act="join_request.withdraw").actor_label == (
            "lars@acme.example"
        )


class TestForgetOffers:
    def test_keeps_what_still_reads_a_request(self, acme: Organization, token: str) -> None:
        ask(token, acme)

        assert forget_offers(now=NOW + timedelta(days=29)) == 0
        assert forget_offers(now=NOW + timedelta(days=31)) == 1
        assert JoinRequest.objects.exists()

    def test_drops_what_nobody_used(self, token: str) -> None:
        assert forget_offers(now=NOW + timedelta(minutes=14)) == 0
        assert forget_offers(now=NOW + timedelta(minutes=15)) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_one_of_two_uses_a_token(self, acme: Organization, token: str) -> None:
        answers = all_at_once([lambda: ask(token, acme)] * 2, meeting="SELECT")

        assert sorted(type(answer).__name__ for answer in answers) == ["JoinRequest", "OfferUsed"]
        assert JoinRequest.objects.count() == 1
