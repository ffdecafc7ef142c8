"""A solution's own pages: its people, groups and settings, a copy of it, and its end."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from functions.tests.console.conftest import Acme
from orgs.models import Membership, Solution, SolutionGroup, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory
from orgs.tests.pages import read_page

MOST_QUERIES = 20
type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]
Role = SolutionMember.Role


@pytest.fixture
def group(acme: Acme) -> SolutionGroup:
    """A group of the solution, with many people in it."""
    group = SolutionGroup.objects.create(solution=acme.solution, name="North")
    for member in SolutionMemberFactory.create_batch(12, solution=acme.solution):
        group.members.create(member=member)
    return group


def page_of(acme: Acme, page: str = "") -> str:
    return f"/solutions/{acme.solution.pk}{page}"


def member_of(acme: Acme) -> Membership:
    """Make somebody of the organization who is not in the solution."""
    return MembershipFactory.create(
        organization=acme.organization, user__first_name="Tom", user__last_name="Okafor"
    )


def pages_of(acme: Acme, group: SolutionGroup) -> Iterator[str]:
    yield "/solutions/new"
    for page in ("/members", "/members/add", "/groups", "/settings", "/settings?as=json"):
        yield page_of(acme, page)
    yield page_of(acme, f"/groups/{group.pk}?search=o")
    yield page_of(acme, "/copy")
    yield page_of(acme, "/delete")


class TestEveryPage:
    def test_is_sound_at_a_bounded_price_and_marked_in_the_sidebar(
        self,
        browser: Client,
        acme: Acme,
        group: SolutionGroup,
        django_assert_max_num_queries: type_of_bound,
    ) -> None:
        for address in pages_of(acme, group):
            with django_assert_max_num_queries(MOST_QUERIES):
                response = browser.get(address)

            assert response.status_code == 200, address
            read_page(response)
            assert 'href="/solutions" aria-current="page"' in response.content.decode(), address

    def test_is_not_there_for_a_stranger(
        self, stranger: Client, acme: Acme, group: SolutionGroup
    ) -> None:
        for address in list(pages_of(acme, group))[1:]:
            assert stranger.get(address).status_code == 404, address

    def test_shows_an_editor_no_more_than_they_may_do(
        self, editor: Client, acme: Acme, group: SolutionGroup
    ) -> None:
        for page in ("", "/members", "/groups", f"/groups/{group.pk}"):
            text = editor.get(page_of(acme, page)).content.decode()
            for words in ("Add people", "Remove", "Take out", "Delete", "Create group"):
                assert f">{words}" not in text, (page, words)
        for page in ("/members/add", "/copy", "/delete"):
            assert editor.get(page_of(acme, page)).status_code == 403, page
        assert editor.get(page_of(acme, "/settings")).status_code == 200

    def test_refuses_an_editor_s_posts(
        self, editor: Client, acme: Acme, group: SolutionGroup
    ) -> None:
        person = acme.solution.members.get(role=Role.OWNER).membership
        for page in (
            "/members/change",
            "/groups",
            f"/groups/{group.pk}/add",
            f"/groups/{group.pk}/rename",
            f"/groups/{group.pk}/delete",
            f"/groups/{group.pk}/remove",
            "/copy",
            "/delete",
        ):
            answer = editor.post(page_of(acme, page), {"person": person.pk, "role": "USER"})
            assert answer.status_code == 403, page


class TestNewSolution:
    def test_makes_one(self, browser: Client, acme: Acme) -> None:
        answer = browser.post("/solutions/new", {"title": "Stock", "name": "stock"})

        made = Solution.objects.get(name="stock")
        assert answer.headers["Location"] == f"/solutions/{made.pk}"
        assert "Stock was created." in browser.get(f"/solutions/{made.pk}").content.decode()

    @pytest.mark.parametrize(("name", "words"), [("field", "already has"), ("No!", "lower-case")])
    def test_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(
        self, browser: Client, acme: Acme, name: str, words: str
    ) -> None:
        answer = browser.post("/solutions/new", {"title": "My title", "name": name})

        assert answer.status_code == 422
        assert words in answer.context["form"].errors["name"][0]
        assert 'value="My title"' in answer.content.decode()

    def test_refuses_nobody_who_may_enter(self, editor: Client, acme: Acme) -> None:
        editor.post("/solutions/new", {"title": "Stock", "name": "stock"})

        assert Solution.objects.get(name="stock").members.count() == 2


class TestList:
    def test_finds_by_title_or_name_and_shows_one_s_own_role(
        self, editor: Client, acme: Acme
    ) -> None:
        found = editor.get("/solutions?search=FIE").content.decode()
        nothing = editor.get("/solutions?search=zzz").content.decode()

        assert 'data-label="Your role">Editor<' in found
        assert "Nothing found" in nothing

    def test_takes_no_search_without_end(self, editor: Client, acme: Acme) -> None:
        for page in ("/solutions", "/functions"):
            found = editor.get(page, {"search": "x" * 1000})

            assert len(found.context["search"]) == 200


class TestDownload:
    def test_gives_the_live_folder_back(self, browser: Client, acme: Acme) -> None:
        answer = browser.get(page_of(acme, "/content"))

        assert answer.headers["Content-Disposition"] == 'attachment; filename="field-1.zip"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert "functions/list-customers.jigx" in archive.namelist()

    def test_is_not_there_before_the_first_version_or_for_strangers(
        self, browser: Client, stranger: Client, acme: Acme
    ) -> None:
        Solution.objects.update(version=0)

        assert browser.get(page_of(acme, "/content")).status_code == 404
        assert stranger.get(page_of(acme, "/content")).status_code == 404


class TestMembers:
    def test_adds_somebody_who_was_searched_for(self, browser: Client, acme: Acme) -> None:
        tom = member_of(acme)

        found = browser.get(page_of(acme, "/members/add?search=okaf")).content.decode()
        answer = self.change(browser, acme, tom, role="EDITOR", page="solution-members-add")

        assert "Tom Okafor" in found
        assert answer.headers["Location"] == page_of(acme, "/members/add?search=okaf")
        assert tom.solution_roles.get().role == Role.EDITOR
        page = browser.get(answer.headers["Location"]).content.decode()
        assert "Tom Okafor now has the role Editor." in page

    def test_sets_and_removes_many(self, browser: Client, acme: Acme) -> None:
        people = [member.membership for member in acme.solution.members.exclude(role=Role.OWNER)]

        self.change(browser, acme, *people, role="ADMIN")
        assert acme.solution.members.filter(role=Role.ADMIN).count() == 2
        self.change(browser, acme, *people, act="remove")

        assert acme.solution.members.get().role == Role.OWNER
        page = browser.get(page_of(acme, "/members")).content.decode()
        assert "2 people are no longer in this solution." in page

    @pytest.mark.parametrize(
        ("number", "role", "words"),
        [(0, "USER", "Choose somebody first."), (1, "KING", "Choose a role first.")],
    )
    def test_says_what_was_not_chosen(
        self,
        browser: Client,
        acme: Acme,
        number: int,
        role: str,
        words: str,
    ) -> None:
        people = [member_of(acme) for _ in range(number)]

        answer = self.change(browser, acme, *people, role=role)

        assert words in browser.get(answer.headers["Location"]).content.decode()
        assert acme.solution.members.count() == 3

    def test_says_why_somebody_gets_no_role(self, browser: Client, acme: Acme) -> None:
        tom = member_of(acme)
        tom.disable()

        answer = self.change(browser, acme, tom, role="USER")

        page = browser.get(answer.headers["Location"]).content.decode()
        assert "Tom Okafor is disabled" in page

    def test_narrows_by_name_and_role(self, browser: Client, acme: Acme) -> None:
        by_name = browser.get(page_of(acme, "/members?search=mia@")).context["page"]
        by_role = browser.get(page_of(acme, "/members?role=OWNER")).context["page"]

        assert [row.membership.user for row in by_name.object_list] == [acme.technician]
        assert [row.membership.user for row in by_role.object_list] == [acme.owner]

    def test_lets_no_admin_touch_an_owner(self, admin: Client, acme: Acme) -> None:
        owner = acme.solution.members.get(role=Role.OWNER).membership

        page = admin.get(page_of(acme, "/members")).content.decode()
        answer = self.change(admin, acme, owner, role="USER")

        assert f'value="{owner.pk}"' not in page
        assert page.count('<option value="OWNER">') == 1  # that of the filter
        assert answer.status_code == 403

    def test_goes_back_to_this_site_alone(self, browser: Client, acme: Acme) -> None:
        answer = self.change(browser, acme, page="//evil.example", here="https://evil.example")

        assert answer.headers["Location"].startswith(page_of(acme, "/members?"))

    @staticmethod
    def change(client: Client, acme: Acme, *people: Membership, **fields: str):  # type: ignore[no-untyped-def]
        body = {"here": "search=okaf", "person": [person.pk for person in people]} | fields
        return client.post(page_of(acme, "/members/change"), body)


class TestGroups:
    def test_are_made_filled_renamed_and_deleted(self, browser: Client, acme: Acme) -> None:
        tom = member_of(acme)

        browser.post(page_of(acme, "/groups"), {"name": "North"})
        group = SolutionGroup.objects.get()
        place = page_of(acme, f"/groups/{group.pk}")
        found = browser.get(f"{place}?search=okaf").content.decode()
        added = browser.post(f"{place}/add?search=okaf", {"person": tom.pk})
        member = tom.solution_roles.get()
        assert group.members.get().member == member
        browser.post(f"{place}/remove", {"member": member.pk})
        browser.post(f"{place}/rename", {"name": "Nord"})
        renamed = SolutionGroup.objects.get()
        deleted = browser.post(f"{place}/delete", {"typed": "Nord"})

        assert "Tom Okafor" in found
        assert added.headers["Location"] == f"{place}?search=okaf"
        assert (renamed.name, renamed.members.count()) == ("Nord", 0)
        assert deleted.headers["Location"] == page_of(acme, "/groups")
        assert not SolutionGroup.objects.exists()

    def test_say_at_the_field_that_a_name_is_taken(
        self, browser: Client, acme: Acme, group: SolutionGroup
    ) -> None:
        other = SolutionGroup.objects.create(solution=acme.solution, name="South")

        made = browser.post(page_of(acme, "/groups"), {"name": "North"})
        renamed = browser.post(page_of(acme, f"/groups/{other.pk}/rename"), {"name": "North"})

        assert (made.status_code, renamed.status_code) == (422, 422)
        assert "already has a group" in made.context["form"].errors["name"][0]
        assert "already has a group" in renamed.context["rename_form"].errors["name"][0]
        assert read_page(renamed).headings == ["South"]

    def test_end_only_by_their_name(
        self, browser: Client, acme: Acme, group: SolutionGroup
    ) -> None:
        answer = browser.post(page_of(acme, f"/groups/{group.pk}/delete"), {"typed": "north"})

        assert answer.status_code == 422
        assert "This is not the name." in answer.content.decode()
        assert SolutionGroup.objects.exists()


class TestCopy:
    def test_suggests_a_name_and_makes_it(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", "s3cret-value")
        suggested = browser.get(page_of(acme, "/copy")).context["form"].initial

        answer = browser.post(page_of(acme, "/copy"), suggested)

        copy = Solution.objects.get(name="field-copy")
        assert answer.headers["Location"] == f"/solutions/{copy.pk}"
        page = browser.get(f"/solutions/{copy.pk}").content.decode()
        assert "No secret yet" in page
        assert "have to be saved anew" in page

    def test_says_that_the_name_is_taken(self, browser: Client, acme: Acme) -> None:
        answer = browser.post(page_of(acme, "/copy"), {"name": "field", "title": "Mine"})

        assert answer.status_code == 422
        assert 'value="Mine"' in answer.content.decode()


class TestDelete:
    def test_counts_what_goes(self, browser: Client, acme: Acme, group: SolutionGroup) -> None:
        acme.log_call()

        counts = browser.get(page_of(acme, "/delete")).context["counts"]

        assert counts == {
            "people": 15, "circles": 1, "uploads": 1, "functions": 2, "secrets": 0, "servers": 0,
            "log": 1,
        }  # fmt: skip

    def test_takes_the_name(self, browser: Client, acme: Acme) -> None:
        refused = browser.post(page_of(acme, "/delete"), {"typed": "Field"})
        assert refused.status_code == 422
        assert Solution.objects.exists()

        answer = browser.post(page_of(acme, "/delete"), {"typed": "field"})

        assert answer.headers["Location"] == "/solutions"
        assert not Solution.objects.exists()
