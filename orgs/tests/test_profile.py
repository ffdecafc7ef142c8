"""What people change about themselves."""

import pytest

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, User
from orgs.services.profile import ProfileInvalid, change_profile
from orgs.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> User:
    return UserFactory.create(first_name="Mia", last_name="Person")


class TestChangeProfile:
    def test_keeps_what_was_said(self, mia: User) -> None:
        change_profile(mia, first_name=" Mía ", last_name="Person", language="de", by=mia)

        mia.refresh_from_db()
        assert (mia.first_name, mia.last_name, mia.language) == ("Mía", "Person", "de")
        event = AuditEvent.objects.get()
        assert (event.act, event.actor) == ("user.change_profile", mia)
        assert event.changes == {"first_name": ["Mia", "Mía"], "language": ["en", "de"]}

    def test_records_nothing_where_nothing_changes(self, mia: User) -> None:
        change_profile(mia, first_name="Mia", last_name="Person", language="en", by=mia)

        assert not AuditEvent.objects.exists()

    def test_tells_each_field_that_is_wrong(self, mia: User) -> None:
        with pytest.raises(ProfileInvalid) as refusal:
            change_profile(mia, first_name="a\nb", last_name="x" * 101, language="xx", by=mia)

        pointers = {fault.pointer for fault in refusal.value.faults}
        assert pointers == {"/first_name", "/last_name", "/language"}

    def test_is_for_oneself(self, mia: User) -> None:
        with pytest.raises(NotAllowed):
            change_profile(
                mia, first_name="M", last_name="", language="en", by=UserFactory.create()
            )
