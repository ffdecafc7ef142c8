"""Two at one request, on a database that lets them."""

import pytest
from django.utils import timezone

from orgs.models import AuditEvent, JoinRequest
from orgs.services.join_requests import (
    AlreadyDecided,
    AlreadyRequested,
    deny_join_request,
    request_to_join,
    withdraw_join_request,
)
from orgs.tests.factories import (
    DomainFactory,
    JoinRequestFactory,
    MembershipFactory,
    UserFactory,
)
from orgs.tests.races import all_at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()


def test_one_of_two_withdraws_or_denies() -> None:
    waiting = JoinRequestFactory.create()
    admin = MembershipFactory.create(organization=waiting.organization, admin=True).user
    same = JoinRequest.objects.select_related("organization").get(pk=waiting.pk)

    answers = all_at_once(
        [
            lambda: withdraw_join_request(waiting, by=waiting.user, now=NOW),
            lambda: deny_join_request(same, reason="", by=admin, now=NOW),
        ],
        meeting='UPDATE "orgs_joinrequest"',
    )

    assert sum(isinstance(answer, AlreadyDecided) for answer in answers) == 1
    assert AuditEvent.objects.filter(subject_id=waiting.pk).count() == 1


def test_one_of_two_asks() -> None:
    organization = DomainFactory.create().organization
    user = UserFactory.create()

    def ask() -> JoinRequest:
        return request_to_join(
            user,
            organization=organization,
            message="",
            source=JoinRequest.Source.APP,
            now=NOW,
        )

    answers = all_at_once([ask] * 2, meeting='INSERT INTO "orgs_joinrequest"')

    assert sum(isinstance(answer, AlreadyRequested) for answer in answers) == 1
    assert JoinRequest.objects.count() == 1
