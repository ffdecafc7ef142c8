"""What a person or the clock starts."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from auth_providers.models import PersonalAccessToken
from auth_providers.tests.factories import personal_token
from functions.models import CallRecord
from functions.tests.factories import LIST_CUSTOMERS, WITH_CREDENTIAL, CallRecordFactory
from orgs.models import AuditEvent, Membership, Organization, Solution
from orgs.tasks import run_command
from orgs.tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: object, **options: object) -> str:
    output = StringIO()
    call_command(name, *map(str, arguments), stdout=output, **options)
    return output.getvalue().rstrip("\n")


@pytest.fixture
def owner(db: None) -> Membership:
    """The first owner of Acme."""
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    functions = tmp_path / "field" / "functions"
    functions.mkdir(parents=True)
    (functions / "list-customers.jigx").write_text(LIST_CUSTOMERS)
    return functions.parent


def publish(folder: Path, *more: str) -> str:
    return run("publish_solution", folder, "--organization", "Acme", "--name", "field", *more)


class TestPublishSolution:
    def test_prints_one_json_object(self, owner: Membership, folder: Path) -> None:
        output = publish(folder)

        assert json.loads(output) == {
            "solution_id": str(Solution.objects.get().pk),
            "version": 1,
            "functions": ["list-customers"],
            "warnings": [],
        }

    def test_makes_the_organization_s_owners_its_owners(
        self, owner: Membership, folder: Path
    ) -> None:
        second = MembershipFactory.create(owner=True, organization=owner.organization)

        publish(folder)

        solution = Solution.objects.get()
        assert {member.membership for member in solution.members.all()} == {owner, second}
        assert {member.role for member in solution.members.all()} == {"OWNER"}
        assert (solution.name, solution.title) == ("field", "field")

    def test_acts_as_the_first_owner_unless_told(self, owner: Membership, folder: Path) -> None:
        admin = MembershipFactory.create(admin=True, organization=owner.organization)

        publish(folder)
        with pytest.raises(CommandError, match="does not let you publish"):
            publish(folder, "--as", admin.user.email)

        version = Solution.objects.get().versions.get()
        assert version.published_by == owner.user

    def test_updates_what_is_there(self, owner: Membership, folder: Path) -> None:
        first = json.loads(publish(folder, "--title", "Field"))

        second = json.loads(publish(folder, "--title", "Field service"))

        assert (second["solution_id"], second["version"]) == (first["solution_id"], 2)
        assert Solution.objects.get().title == "Field service"

    def test_prints_warnings_with_their_place(self, owner: Membership, folder: Path) -> None:
        (folder / "functions" / "crm.jigx").write_text(WITH_CREDENTIAL)

        (warning,) = json.loads(publish(folder))["warnings"]

        assert (warning["code"], warning["line"]) == ("credential_missing", 7)
        assert warning["file"] == "functions/crm.jigx"

    def test_finds_the_organization_by_id(self, owner: Membership, folder: Path) -> None:
        OrganizationFactory.create(name="Acme")  # a second one, so that the name does not tell

        with pytest.raises(CommandError, match="give the id"):
            publish(folder)
        run(
            "publish_solution",
            folder,
            *("--organization", owner.organization.pk, "--name", "field"),
        )

        assert Solution.objects.get().organization == owner.organization

    def test_says_each_fault_with_file_and_line(self, owner: Membership, folder: Path) -> None:
        (folder / "functions" / "bad.jigx").write_text("url: https://a.example\nprovider: x\n")
        (folder / "functions" / "worse.jigx").write_text("[\n")

        with pytest.raises(CommandError) as refusal:
            publish(folder)

        lines = str(refusal.value).splitlines()
        assert lines[0] == "Nothing was published: 2 faults."
        assert lines[1].startswith("functions/bad.jigx:2: ")
        assert lines[2].startswith("functions/worse.jigx:")
        assert not Solution.objects.exists()

    def test_says_what_changes(
        self, owner: Membership, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish(folder)
        assert capsys.readouterr().err.startswith(
            "A functions/list-customers.jigx\n@@ -0,0 +1,6 @@"
        )

        (folder / "functions" / "list-customers.jigx").write_text(LIST_CUSTOMERS + "records: =$\n")
        (folder / "picture.png").write_bytes(b"\0")
        publish(folder)

        assert capsys.readouterr().err.splitlines() == [
            "M functions/list-customers.jigx",
            "@@ -4,3 +4,4 @@",
            *(f" {line}" for line in LIST_CUSTOMERS.splitlines()[3:]),
            "+records: =$",
            "A picture.png (binary)",
        ]

    def test_shows_no_more_of_it_than_a_terminal_holds(
        self, owner: Membership, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "notes.txt").write_text("\x1b[2Jline\n" * 1000)

        publish(folder)

        lines = capsys.readouterr().err.splitlines()
        assert (len(lines), lines[-1]) == (401, "… and 610 more lines")
        assert "\x1b" not in "".join(lines)

    def test_publishes_nothing_in_a_dry_run(
        self, owner: Membership, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "functions" / "crm.jigx").write_text(WITH_CREDENTIAL)

        document = json.loads(publish(folder, "--dry-run"))

        assert (document["solution_id"], document["version"]) == (None, None)
        assert document["functions"] == ["crm", "list-customers"]
        assert [warning["code"] for warning in document["warnings"]] == ["credential_missing"]
        error = capsys.readouterr().err
        assert error.startswith("A functions/crm.jigx\n")
        assert "functions/crm.jigx:7: warning: There is no credential crm" in error
        assert not Solution.objects.exists()

    def test_says_faults_in_a_dry_run(self, owner: Membership, folder: Path) -> None:
        (folder / "functions" / "bad.jigx").write_text("provider: x\n")

        with pytest.raises(CommandError) as refusal:
            publish(folder, "--dry-run")

        lines = str(refusal.value).splitlines()
        assert lines[0] == "Nothing could be published."
        assert lines[1].startswith("functions/bad.jigx:1: ")

    @pytest.mark.parametrize("times", [0, 1])
    def test_shows_a_dry_run_to_those_alone_who_may_publish(
        self, owner: Membership, folder: Path, times: int
    ) -> None:
        person = MembershipFactory.create(organization=owner.organization)
        for _ in range(times):
            publish(folder)

        with pytest.raises(CommandError, match="does not let you"):
            publish(folder, "--dry-run", "--as", person.user.email)

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            (["--name", "No!"], "lower-case letters"),
            (["--title", "x" * 101], "A title has"),
            (["--as", "eve@other.example"], "has no member"),
            (["--organization", "Nobody"], "There is no organization"),
        ],
    )
    def test_refuses_in_one_sentence(
        self, owner: Membership, folder: Path, more: list[str], words: str
    ) -> None:
        with pytest.raises(CommandError, match=words):
            publish(folder, *more)

        assert not Solution.objects.exists()

    def test_refuses_a_folder_that_is_none(self, owner: Membership, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="is not a folder"):
            publish(tmp_path / "nothing")


class TestAllowNetworks:
    def test_replaces_the_list(self, owner: Membership) -> None:
        output = run("allow_networks", "127.0.0.0/8", "10.1.0.0/16", "--organization", "Acme")

        assert output == "Acme may reach: 127.0.0.0/8, 10.1.0.0/16"
        assert Organization.objects.get().allowed_networks == ["127.0.0.0/8", "10.1.0.0/16"]
        assert AuditEvent.objects.get(act="organization.allow_networks").actor_label == "operator"

    def test_closes_all_without_networks(self, owner: Membership) -> None:
        run("allow_networks", "127.0.0.0/8", "--organization", "Acme")

        assert run("allow_networks", "--organization", "Acme") == "Acme may reach: none"
        assert Organization.objects.get().allowed_networks == []

    @pytest.mark.parametrize(
        ("network", "organization"), [("everything", "Acme"), ("10.1.0.0/16", "Nobody")]
    )
    def test_refuses_in_one_sentence(
        self, owner: Membership, network: str, organization: str
    ) -> None:
        with pytest.raises(CommandError):
            run("allow_networks", network, "--organization", organization)

        assert Organization.objects.get().allowed_networks == []


class TestClearExpired:
    def test_forgets_what_has_passed_its_time(self, settings: Settings) -> None:
        settings.CALL_LOG_DAYS = 30
        now = timezone.now()
        kept = CallRecordFactory.create(started_at=now - timedelta(days=29))
        CallRecordFactory.create(started_at=now - timedelta(days=31), solution=kept.solution)
        personal_token(ago=timedelta(days=300))
        alive = personal_token().token
        for ends_in in (-1, 60):
            session = SessionStore()
            session.set_expiry(now + timedelta(seconds=ends_in))
            session.save()

        output = run("clear_expired")

        assert output == (
            "1 tokens, devices and keys cleared, 1 calls cleared, 0 data keys dropped"
        )
        assert CallRecord.objects.get() == kept
        assert PersonalAccessToken.objects.get() == alive
        assert Session.objects.count() == 1

    def test_is_what_the_clock_starts(self) -> None:
        CallRecordFactory.create(started_at=timezone.now() - timedelta(days=400))

        run_command(name="clear_expired")

        assert not CallRecord.objects.exists()

    def test_is_all_that_the_clock_may_start(self) -> None:
        with pytest.raises(ValueError, match="clock"):
            run_command(name="flush")
