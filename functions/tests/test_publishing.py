"""Publishing: checked whole, kept whole, or refused whole."""

from typing import Any

import pytest
from django.db import OperationalError, connection

from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import NotAnArchive, pack_files, read_archive
from functions.services.publishing import (
    NoSuchVersion,
    NotPublishable,
    PublishedMeanwhile,
    publish_folder,
    publish_solution,
    restore_version,
)
from functions.tests.factories import (
    LIST_CUSTOMERS,
    ON_DEVICE,
    archive_of,
    creator,
    publish,
)
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Solution, SolutionMember, User
from orgs.services.solutions import (
    NameTaken,
    NotAName,
    SolutionGone,
    create_solution,
    delete_solution,
)
from orgs.tests.factories import MembershipFactory
from orgs.tests.races import all_at_once
from orgs.tests.statements import spelled

pytestmark = pytest.mark.django_db

Place = tuple[str | None, int | None, str, str]


def faults_of(solution: Solution, owner: User, **definitions: str) -> list[Place]:
    """Publish what must be refused, and return file, line, pointer and code of each fault."""
    with pytest.raises(NotPublishable) as refusal:
        publish(solution, by=owner, **definitions)
    return [(f.file, f.line, f.pointer, f.code) for f in refusal.value.faults]


class TestPublishSolution:
    def test_keeps_the_folder_as_it_came(self, solution: Solution, owner: User) -> None:
        archive = archive_of(list_customers=LIST_CUSTOMERS)

        version = publish_solution(solution, archive=archive, by=owner)

        version.refresh_from_db()
        assert bytes(version.archive) == archive
        assert (version.number, version.published_by) == (1, owner)

    def test_makes_the_next_version_live(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, old=LIST_CUSTOMERS)
        publish(solution, by=owner, new=LIST_CUSTOMERS)

        solution.refresh_from_db()
        live = FunctionDefinition.objects.live().filter(version__solution=solution)
        assert solution.version == 2
        assert [function.name for function in live] == ["new"]
        assert solution.versions.count() == 2

    def test_reads_each_function(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, Near_Me=ON_DEVICE)

        function = FunctionDefinition.objects.get()
        assert (function.name, function.path) == ("near-me", "functions/Near-Me.jigx")
        assert (function.provider, function.method) == ("DATA_PROVIDER_REST", "GET")
        assert function.runs_on_device
        assert function.text == ON_DEVICE

    def test_keeps_the_order_of_parameters(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        assert list(FunctionDefinition.objects.get().declared_parameters()) == ["region", "limit"]

    def test_lets_a_file_choose_its_id(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, file="functionId: Chosen_1\n" + LIST_CUSTOMERS)

        assert FunctionDefinition.objects.get().name == "Chosen_1"

    def test_is_recorded(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        event = AuditEvent.objects.get(act="solution.publish")
        assert (event.actor, event.subject_id) == (owner, str(solution.pk))
        assert event.changes == {"version": [0, 1]}

    @pytest.mark.parametrize("role", [SolutionMember.Role.ADMIN, SolutionMember.Role.USER])
    def test_is_for_owners_and_editors(self, solution: Solution, role: SolutionMember.Role) -> None:
        publish(solution, by=creator(solution, SolutionMember.Role.EDITOR))

        with pytest.raises(NotAllowed):
            publish(solution, by=creator(solution, role))

    def test_keeps_nothing_when_the_database_fails_at_the_end(
        self, solution: Solution, owner: User
    ) -> None:
        def fail(execute: Any, sql: str, *rest: Any) -> Any:
            if spelled(sql).startswith('INSERT INTO "orgs_auditevent"'):
                raise OperationalError
            return execute(sql, *rest)

        with connection.execute_wrapper(fail), pytest.raises(OperationalError):
            publish(solution, by=owner)

        solution.refresh_from_db()
        assert solution.version == 0
        assert not PublishedVersion.objects.exists()

    def test_refuses_what_is_no_zip(self, solution: Solution, owner: User) -> None:
        with pytest.raises(NotAnArchive):
            publish_solution(solution, archive=b"no zip", by=owner)


class TestFaults:
    def test_stand_in_their_file_and_line(self, solution: Solution, owner: User) -> None:
        faults = faults_of(
            solution,
            owner,
            good=LIST_CUSTOMERS,
            no_url="provider: DATA_PROVIDER_REST\nmethod: GET\n",
            provider="method: GET\nprovider: DATA_PROVIDER_SOAP\n",
            token="provider: DATA_PROVIDER_REST\nurl: https://a.example/{id}\n",
            transform=LIST_CUSTOMERS + "outputTransform: |\n  $.{ \n",
        )

        assert [(file, line) for file, line, _, _ in faults] == [
            ("functions/no-url.jigx", 1),
            ("functions/provider.jigx", 2),
            ("functions/token.jigx", 2),
            ("functions/transform.jigx", 7),
        ]

    def test_leave_all_as_it_was(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        events = AuditEvent.objects.count()

        faults_of(solution, owner, good=LIST_CUSTOMERS, bad="provider: x\n")

        solution.refresh_from_db()
        assert solution.version == 1
        assert PublishedVersion.objects.count() == 1
        assert FunctionDefinition.objects.count() == 1
        assert AuditEvent.objects.count() == events

    @pytest.mark.parametrize(
        ("text", "line", "code"),
        [
            ("a: 1\nb: [1, 2\n", 3, "yaml"),
            ("a: 1\nb: 2\na: 3\n", 3, "yaml"),
            ("- a\n- b\n", 1, "type"),
            ("url: 'a\\0b'\nx: \"a\\0b\"\n", 2, "yaml"),
            ('x: 1\n"a\\0b": 1\n', None, "yaml"),
            ('x: "\\ud800"\n', 1, "yaml"),
            ("x: 123456789012345678901234567890\n", 1, "yaml"),
            ("x: .nan\n", 1, "yaml"),
            ("x: [1, -.inf]\n", 1, "yaml"),
        ],
    )
    def test_are_found_in_what_is_no_plain_mapping(
        self, solution: Solution, owner: User, text: str, line: int | None, code: str
    ) -> None:
        faults = faults_of(solution, owner, bad=text)

        assert [(line, code)] == [(fault[1], fault[3]) for fault in faults]

    def test_are_found_in_what_is_not_utf_8(self, solution: Solution, owner: User) -> None:
        archive = pack_files({"functions/bad.jigx": b"url: \xff"})

        with pytest.raises(NotPublishable) as refusal:
            publish_solution(solution, archive=archive, by=owner)

        assert [fault.code for fault in refusal.value.faults] == ["encoding"]

    def test_name_both_files_of_one_id(self, solution: Solution, owner: User) -> None:
        with pytest.raises(NotPublishable) as refusal:
            publish(
                solution,
                by=owner,
                list_customers=LIST_CUSTOMERS,
                other=LIST_CUSTOMERS + "functionId: list-customers\n",
            )

        (fault,) = refusal.value.faults
        assert (fault.file, fault.line, fault.code) == ("functions/other.jigx", 7, "id_twice")
        assert "functions/list-customers.jigx" in fault.detail
        assert "functions/other.jigx" in fault.detail

    @pytest.mark.parametrize("identity", ["a", "1st", "a b", "a-", "a/b", "x" * 51, "ä1", "5"])
    def test_hold_a_chosen_id_to_its_rule(
        self, solution: Solution, owner: User, identity: str
    ) -> None:
        faults = faults_of(solution, owner, f="functionId: " + identity + "\n" + LIST_CUSTOMERS)

        assert faults == [("functions/f.jigx", 1, "/functionId", "id_invalid")]

    def test_bound_the_id_that_a_file_gives(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, **{"x" * 50: LIST_CUSTOMERS})

        faults = faults_of(solution, owner, **{"x" * 51: LIST_CUSTOMERS})

        assert [fault[3] for fault in faults] == ["id_invalid"]


class TestPublishFolder:
    def test_makes_a_solution_that_is_new(self) -> None:
        owner = MembershipFactory.create(owner=True)

        version = publish_folder(
            owner.organization, name="field", title="Field", archive=archive_of(), by=owner.user
        )

        assert (version.solution.name, version.solution.title) == ("field", "Field")
        assert version.number == 1

    def test_publishes_and_retitles_one_that_exists(self) -> None:
        owner = MembershipFactory.create(owner=True)
        create_solution(owner.organization, name="field", title="Old", by=owner.user)

        for title in (None, "New"):
            publish_folder(
                owner.organization, name="field", title=title, archive=archive_of(), by=owner.user
            )

        solution = Solution.objects.get()
        assert (solution.title, solution.version) == ("New", 2)

    @pytest.mark.parametrize("archive", [b"no zip", archive_of(bad="provider: x\n")])
    def test_leaves_no_solution_behind_when_refused(self, archive: bytes) -> None:
        owner = MembershipFactory.create(owner=True)

        with pytest.raises((NotPublishable, NotAnArchive)):
            publish_folder(
                owner.organization, name="field", title=None, archive=archive, by=owner.user
            )

        assert not Solution.objects.exists()
        assert not AuditEvent.objects.exists()

    def test_leaves_the_title_when_refused(self) -> None:
        owner = MembershipFactory.create(owner=True)
        create_solution(owner.organization, name="field", title="Old", by=owner.user)

        with pytest.raises(NotAnArchive):
            publish_folder(
                owner.organization, name="field", title="New", archive=b"", by=owner.user
            )

        assert Solution.objects.get().title == "Old"

    def test_refuses_a_name_that_is_no_slug(self) -> None:
        owner = MembershipFactory.create(owner=True)

        with pytest.raises(NotAName):
            publish_folder(
                owner.organization, name="No!", title=None, archive=archive_of(), by=owner.user
            )


class TestRestoreVersion:
    def test_publishes_it_again_as_the_next(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, old=LIST_CUSTOMERS)
        publish(solution, by=owner, new=LIST_CUSTOMERS)

        version = restore_version(solution, number=1, by=owner)

        assert version.number == 3
        assert [function.name for function in version.functions.all()] == ["old"]
        assert "functions/old.jigx" in read_archive(bytes(version.archive))

    def test_refuses_a_number_that_is_none(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        for number in (0, 2, 10**30):
            with pytest.raises(NoSuchVersion):
                restore_version(solution, number=number, by=owner)

    def test_does_not_say_which_there_are_to_who_may_not(self, solution: Solution) -> None:
        admin = creator(solution, SolutionMember.Role.ADMIN)

        with pytest.raises(NotAllowed):
            restore_version(solution, number=1, by=admin)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestPublishersAtOnce:
    def test_have_one_winner(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        def act() -> PublishedVersion:
            return publish(Solution.objects.get(), by=owner, new=LIST_CUSTOMERS)

        outcomes = all_at_once([act] * 4, meeting='INSERT INTO "functions_publishedversion"')

        refused = [outcome for outcome in outcomes if isinstance(outcome, PublishedMeanwhile)]
        assert len(refused) == 3
        solution.refresh_from_db()
        assert solution.version == 2
        assert solution.versions.count() == 2
        assert FunctionDefinition.objects.live().count() == 1
        assert AuditEvent.objects.filter(act="solution.publish").count() == 2

    def test_leave_nothing_in_what_is_deleted(self, solution: Solution, owner: User) -> None:
        same = Solution.objects.get(pk=solution.pk)

        deleted, published = all_at_once(
            [lambda: delete_solution(solution, by=owner), lambda: publish(same, by=owner)],
            meeting='SELECT "orgs_solution"',
        )

        assert deleted is None
        assert isinstance(published, PublishedVersion | SolutionGone)
        assert not PublishedVersion.objects.exists()

    def test_make_a_new_solution_once(self) -> None:
        owner = MembershipFactory.create(owner=True)

        def act() -> PublishedVersion:
            return publish_folder(
                owner.organization, name="field", title=None, archive=archive_of(), by=owner.user
            )

        outcomes = all_at_once([act] * 4, meeting='INSERT INTO "orgs_solution"')

        refused = [outcome for outcome in outcomes if isinstance(outcome, NameTaken)]
        assert len(refused) == 3
        assert Solution.objects.get().version == 1
