"""Queries that are compiled once give what Django gives."""

import threading

import pytest
from django.db import connection
from django.db.models import CharField, DateTimeField, QuerySet, UUIDField
from django.utils import timezone

from jigxmgmt.prepared import Prepared, later
from orgs.models import Membership
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def _of_person() -> QuerySet[Membership]:
    return (
        Membership.objects.active()
        .filter(
            user__email=later("email", CharField()),
            organization_id=later("organization", UUIDField()),
            created_at__lte=later("now", DateTimeField()),
        )
        .select_related("user", "organization")
    )


OF_PERSON = Prepared(_of_person)


class TestPrepared:
    def test_gives_the_row_of_these_values_each_time(self) -> None:
        for expected in (MembershipFactory.create(), MembershipFactory.create()):
            found = self.find(expected)

            assert found is not None
            assert found == expected
            assert found.user.email == expected.user.email
            assert found.organization.name == expected.organization.name
            assert found.created_at == expected.created_at

    def test_gives_none_where_there_is_none(self) -> None:
        assert self.find(MembershipFactory.create(is_active=False)) is None

    def test_takes_a_value_for_a_value(self) -> None:
        membership = MembershipFactory.create()
        membership.user.email = "' OR 1=1 --"

        assert self.find(membership) is None

    def test_is_each_threads_own(self) -> None:
        self.find(MembershipFactory.build())
        kept: list[object] = []

        def look() -> None:
            kept.append(OF_PERSON._plan().compiler.connection)
            connection.close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert kept[0] is not OF_PERSON._plan().compiler.connection

    @staticmethod
    def find(membership: Membership) -> Membership | None:
        return OF_PERSON.first(
            email=membership.user.email,
            organization=membership.organization_id,
            now=timezone.now(),
        )
