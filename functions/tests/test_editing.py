"""Editing one file: a version on top of the one that was read, or a refusal."""

import pytest

from functions.models import PublishedVersion
from functions.services.archives import NotAnArchive, pack_files
from functions.services.editing import (
    NoSuchFile,
    NotAFunctionFile,
    NothingChanged,
    PathTaken,
    add_file,
    check_file,
    files_of,
    publish_file,
    read_file,
    remove_file,
)
from functions.services.publishing import (
    NotPublishable,
    PublishedMeanwhile,
    publish_solution,
)
from functions.tests.factories import (
    LIST_CUSTOMERS,
    ON_DEVICE,
    WITH_CREDENTIAL,
    creator,
    publish,
    save_secret,
)
from jigxmgmt.errors import NotAllowed
from orgs.models import Solution, SolutionMember, User

pytestmark = pytest.mark.django_db

PATH = "functions/list-customers.jigx"
CHANGED = LIST_CUSTOMERS.replace("GET", "POST")


@pytest.fixture
def published(solution: Solution, owner: User) -> Solution:
    publish(solution, by=owner, list_customers=LIST_CUSTOMERS, near=ON_DEVICE)
    solution.refresh_from_db()
    return solution


def save(solution: Solution, owner: User, text: str = CHANGED, number: int = 1) -> PublishedVersion:
    return publish_file(solution, path=PATH, text=text, based_on=number, by=owner)


class TestPublishFile:
    def test_changes_one_file_and_no_other(self, published: Solution, owner: User) -> None:
        version = save(published, owner)

        before, after = files_of(published, 1), files_of(published, 2)
        assert version.number == 2
        assert after == before | {PATH: CHANGED.encode()}

    def test_refuses_to_pass_over_what_somebody_else_published(
        self, published: Solution, owner: User
    ) -> None:
        save(published, owner)

        with pytest.raises(PublishedMeanwhile):
            save(published, owner, LIST_CUSTOMERS)
        assert read_file(published, PATH, version=2) == CHANGED

    def test_refuses_what_publishing_refuses(self, published: Solution, owner: User) -> None:
        with pytest.raises(NotPublishable) as refusal:
            save(published, owner, "provider: NONE")

        assert refusal.value.faults[0].file == PATH
        published.refresh_from_db()
        assert published.version == 1

    def test_refuses_a_text_that_is_the_same(self, published: Solution, owner: User) -> None:
        with pytest.raises(NothingChanged):
            save(published, owner, LIST_CUSTOMERS)

    def test_puts_back_what_somebody_else_removed(self, published: Solution, owner: User) -> None:
        remove_file(published, path=PATH, based_on=1, by=owner)

        save(published, owner, number=2)

        assert read_file(published, PATH, version=3) == CHANGED

    def test_changes_functions_alone(self, published: Solution, owner: User) -> None:
        with pytest.raises(NotAFunctionFile):
            publish_file(published, path="index.jigx", text=CHANGED, based_on=1, by=owner)

    def test_keeps_the_ends_of_lines(self, solution: Solution, owner: User) -> None:
        windows = LIST_CUSTOMERS.replace("\n", "\r\n").encode()
        publish_solution(solution, archive=pack_files({PATH: b"\xef\xbb\xbf" + windows}), by=owner)

        assert read_file(solution, PATH, version=1) == LIST_CUSTOMERS
        with pytest.raises(NothingChanged):
            save(solution, owner, LIST_CUSTOMERS)
        save(solution, owner)
        assert files_of(solution, 2)[PATH] == CHANGED.replace("\n", "\r\n").encode()

    def test_is_for_those_who_publish(self, published: Solution) -> None:
        admin = creator(published, SolutionMember.Role.ADMIN)

        with pytest.raises(NotAllowed):
            save(published, admin)


class TestReadFile:
    @pytest.mark.parametrize("path", ["functions/none.jigx", "index.jigx"])
    def test_knows_no_other_files(self, published: Solution, path: str) -> None:
        with pytest.raises(NoSuchFile):
            read_file(published, path, version=1)


class TestPublishSolution:
    def test_holds_to_the_version_it_is_based_on(self, published: Solution, owner: User) -> None:
        archive = pack_files({PATH: CHANGED.encode()})

        with pytest.raises(PublishedMeanwhile):
            publish_solution(published, archive=archive, based_on=0, by=owner)
        assert publish_solution(published, archive=archive, based_on=1, by=owner).number == 2


class TestAddFile:
    def test_adds_one(self, published: Solution, owner: User) -> None:
        path = "functions/crm/new.jigx"

        version = add_file(published, path=path, text=ON_DEVICE, based_on=1, by=owner)

        assert version.functions.filter(name="new", path=path).exists()
        assert version.functions.count() == 3

    def test_makes_the_first_version(self, solution: Solution, owner: User) -> None:
        version = add_file(solution, path=PATH, text=ON_DEVICE, based_on=0, by=owner)

        assert version.number == 1

    @pytest.mark.parametrize(
        ("path", "refusal"),
        [
            ("index.jigx", NotAFunctionFile),
            ("functions/a.yaml", NotAFunctionFile),
            ("", NotAFunctionFile),
            ("functions/../a.jigx", NotAnArchive),
            ("functions/List-Customers.jigx", PathTaken),
        ],
    )
    def test_refuses_a_path_that_is_none(
        self, published: Solution, owner: User, path: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            add_file(published, path=path, text=ON_DEVICE, based_on=1, by=owner)

    def test_is_for_those_who_publish(self, published: Solution) -> None:
        admin = creator(published, SolutionMember.Role.ADMIN)

        with pytest.raises(NotAllowed):
            add_file(published, path=PATH, text=ON_DEVICE, based_on=1, by=admin)


class TestRemoveFile:
    def test_leaves_the_others(self, published: Solution, owner: User) -> None:
        version = remove_file(published, path=PATH, based_on=1, by=owner)

        assert [function.name for function in version.functions.all()] == ["near"]

    def test_refuses_one_that_is_not_there(self, published: Solution, owner: User) -> None:
        with pytest.raises(NoSuchFile):
            remove_file(published, path="functions/none.jigx", based_on=1, by=owner)

    def test_is_for_those_who_publish(self, published: Solution) -> None:
        admin = creator(published, SolutionMember.Role.ADMIN)

        with pytest.raises(NotAllowed):
            remove_file(published, path=PATH, based_on=1, by=admin)


class TestCheckFile:
    def test_knows_the_scripts_of_the_live_folder(self, solution: Solution, owner: User) -> None:
        text = LIST_CUSTOMERS + "outputTransform: $tools.tidy($)\noutput: =$tools.none($)\n"
        files = {"scripts/expressions/tools.js": b"export const tidy = (a) => a;"}
        publish_solution(solution, archive=pack_files(files), by=owner)

        checked = check_file(solution, path=PATH, text=text, by=owner)

        assert [(w.code, w.line) for w in checked.warnings] == [("script_unknown", 8)]

    def test_finds_what_publishing_finds(self, published: Solution, owner: User) -> None:
        text = "functionId: near\n" + WITH_CREDENTIAL

        checked = check_file(published, path=PATH, text=text, by=owner)

        assert [(fault.code, fault.line) for fault in checked.faults] == [("id_twice", 1)]
        assert "functions/near.jigx" in checked.faults[0].detail

    def test_takes_any_path(self, published: Solution, owner: User) -> None:
        for path in ("functions/\0.jigx", "../x", ""):
            checked = check_file(published, path=path, text=WITH_CREDENTIAL, by=owner)

            assert len(checked.functions) <= 1

    def test_knows_the_credentials(self, published: Solution, owner: User) -> None:
        missing = check_file(published, path=PATH, text=WITH_CREDENTIAL, by=owner)
        save_secret(published, by=owner)
        there = check_file(published, path=PATH, text=WITH_CREDENTIAL, by=owner)

        assert [(w.code, w.line) for w in missing.warnings] == [("credential_missing", 7)]
        assert there.warnings == []

    def test_is_for_those_who_publish(self, published: Solution) -> None:
        admin = creator(published, SolutionMember.Role.ADMIN)

        with pytest.raises(NotAllowed):
            check_file(published, path=PATH, text=WITH_CREDENTIAL, by=admin)
