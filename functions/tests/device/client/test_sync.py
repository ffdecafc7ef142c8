import json
import stat
from pathlib import Path

import pytest
from werkzeug import Request, Response

from functions.device.client import Device
from functions.device.refusals import NotSignedIn, NotSynced, Refused, Unreachable, Unusable
from functions.device.session import TOKENS
from functions.tests.device.client.portal import (
    LIST,
    ME,
    ORGANIZATION,
    SOLUTION,
    FakePortal,
    everything,
    hang_up,
    problem,
)

MARKER = "s3cret-marker"
ENTRY = {
    "key": "crm",
    "type": "api_key",
    "allowed_origins": ["https://crm.example"],
    "secret": {"value": MARKER},
}
DEFINITION = f"/api/v1/solutions/{SOLUTION}/definition"


class TestSync:
    def test_keeps_a_version_and_asks_for_a_newer_one(
        self, device: Device, portal: FakePortal
    ) -> None:
        assert device.sync("field")[1]
        assert not device.sync(SOLUTION)[1]
        portal.version = 2

        synced, is_new = device.sync("field")

        assert (synced.version, is_new) == (2, True)
        tags = [
            request.headers.get("If-None-Match")
            for request in portal.heard
            if request.path == DEFINITION
        ]
        assert tags == [None, '"1"', '"1"']

    def test_puts_secrets_in_the_keychain_alone(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.keychain = [ENTRY]

        synced, _is_new = device.sync("field")

        assert device.keychain.read(synced.id) == [ENTRY]
        content = everything(folder)
        assert b"crm.example/customers" in content
        for secret in (MARKER, "access-1", "refresh-1"):
            assert secret.encode() not in content

    def test_makes_files_that_are_its_owner_s(self, device: Device, folder: Path) -> None:
        device.sync("field")

        for path in (folder, *folder.rglob("*")):
            expected = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == expected

    def test_fetches_all_of_it_where_the_keychain_has_lost_its_part(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.keychain = [ENTRY]
        device.sync("field")
        device.keychain.remove(SOLUTION)

        device.sync("field")

        assert device.keychain.read(SOLUTION) == [ENTRY]

    def test_removes_what_the_person_may_not_use_any_more(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.keychain = [ENTRY]
        device.sync("field")
        portal.forget()
        portal.answer("/api/v1/solutions", {"results": [], "next": None}, method="GET")
        portal.answer(DEFINITION, problem(404, "solution_unknown"), method="GET")

        with pytest.raises(Refused, match="removed from this device"):
            device.sync("field")

        assert device.keychain.read(SOLUTION) is None
        assert list((folder / "solutions").iterdir()) == []

    def test_keeps_what_it_has_while_nobody_answers(
        self, device: Device, portal: FakePortal
    ) -> None:
        device.sync("field")
        portal.forget()
        portal.answer("/api/v1/solutions", hang_up, method="GET")

        with pytest.raises(Unreachable):
            device.sync("field")

        assert device.synced("field").version == 1

    def test_learns_of_organizations_that_the_person_joined(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.server.clear()
        organizations = [{"id": ORGANIZATION, "name": "Acme and Sons"}]
        portal.answer("/api/v1/me", ME | {"organizations": organizations}, method="GET")
        portal.offer()

        synced, _is_new = device.sync("field")

        assert synced.organization == {"id": ORGANIZATION, "name": "Acme and Sons"}

    def test_leaves_nothing_where_a_sign_out_was_quicker(
        self, device: Device, portal: FakePortal
    ) -> None:
        def sign_out_meanwhile(request: Request) -> Response:
            device.keychain.remove(TOKENS)
            return portal.definition(request)

        portal.keychain = [ENTRY]
        portal.server.clear()
        portal.answer(DEFINITION, sign_out_meanwhile, method="GET")
        portal.offer()

        with pytest.raises(NotSignedIn):
            device.sync("field")

        assert device.keychain.read(SOLUTION) is None

    def test_names_nobody_where_a_sign_out_was_quicker(
        self, device: Device, portal: FakePortal
    ) -> None:
        def sign_out_meanwhile(request: Request) -> Response:
            device.keychain.remove(TOKENS)
            device.home.remove_everything()
            return Response(json.dumps(ME), content_type="application/json")

        portal.server.clear()
        portal.answer("/api/v1/me", sign_out_meanwhile, method="GET")
        portal.offer()

        with pytest.raises(NotSignedIn):
            device.sync("field")

        assert device.home.account() is None

    def test_asks_for_the_id_where_a_name_is_used_twice(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.forget()
        rows = [{"id": each, "name": "field"} for each in ("a", "b")]
        following = f"{portal.address}/elsewhere/api/v1/solutions?cursor=2"
        pages = portal.server.expect_request
        pages("/api/v1/solutions", query_string="").respond_with_json(
            {"results": rows[:1], "next": following}
        )
        pages("/api/v1/solutions", query_string="cursor=2").respond_with_json(
            {"results": rows[1:], "next": None}
        )

        with pytest.raises(Refused, match="give the id: a, b"):
            device.sync("field")

    def test_takes_no_id_that_leads_out_of_its_folder(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.forget()
        row = {"id": "../../other", "name": "field"}
        portal.answer("/api/v1/solutions", {"results": [row], "next": None}, method="GET")

        with pytest.raises(Unusable, match="can't be used"):
            device.sync("field")

    def test_keeps_secrets_where_a_sign_out_finds_them(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.forget()
        portal.keychain, other = [ENTRY], f"urn:uuid:{SOLUTION.upper()}"
        row = {"id": other, "name": "field", "title": "", "organization_id": ORGANIZATION}
        portal.answer("/api/v1/solutions", {"results": [row], "next": None}, method="GET")
        portal.answer(f"/api/v1/solutions/{SOLUTION}/definition", portal.definition, method="GET")

        synced, _is_new = device.sync("field")

        assert (synced.id, device.home.solution_ids()) == (SOLUTION, [SOLUTION])
        assert device.keychain.read(SOLUTION) == [ENTRY]

    def test_keeps_no_secret_where_nothing_can_say_that_it_is_there(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.keychain = [ENTRY]
        (folder / "solutions").touch()

        with pytest.raises(Unusable):
            device.sync("field")

        assert device.keychain.read(SOLUTION) is None


class TestDamage:
    def test_of_a_file_is_one_sentence(self, device: Device, folder: Path) -> None:
        device.sync("field")
        solution = folder / "solutions" / SOLUTION
        (solution / "tables.sqlite3").write_bytes(b"no database" * 100)

        with (
            pytest.raises(Unusable, match="sign out to begin anew"),
            device.storage(device.synced("field")),
        ):
            pass
        (solution / "definition.json").write_text("{")
        with pytest.raises(Unusable, match="sign out to begin anew"):
            device.synced("field")


class TestSynced:
    def test_says_what_functions_there_are(self, device: Device) -> None:
        device.sync("field")

        with pytest.raises(NotSynced, match="no function remove; it has: list, create"):
            device.synced("field").definition("remove")

    def test_says_how_to_fetch_it(self, device: Device) -> None:
        with pytest.raises(NotSynced, match="`device sync field`"):
            device.synced("field")

    def test_has_the_scripts_of_expressions(self, device: Device, portal: FakePortal) -> None:
        names = ("scripts/expressions/dates.js", "scripts/dates.js", "index.jigx")
        portal.files = dict.fromkeys(names, "x")

        synced, _is_new = device.sync("field")

        assert synced.scripts == {"dates": "x"}


class TestSignOut:
    def test_ends_the_device_and_leaves_no_marker(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.keychain, portal.functions = [ENTRY], {"list": LIST | {"url": f"https://{MARKER}"}}
        device.sync("field")
        store(device)
        url = "https://id.example/end?hint=1"
        link = f'<{url}>; rel="urn:jigxmgmt:end-session"'
        portal.answer("/api/v1/auth/sign-out", Response(status=204, headers={"Link": link}))

        signed_out = device.sign_out()

        assert (signed_out.untold, signed_out.end_session_url) == ("", url)
        assert portal.heard[-1].headers["Authorization"] == "Bearer access-1"
        assert [path.name for path in folder.iterdir()] == ["lock"]
        assert device.keychain.read(TOKENS) is device.keychain.read(SOLUTION) is None

    def test_leaves_what_is_not_the_device_s(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        (folder / "letters").mkdir()
        (folder / "letters" / "mother.txt").write_text("Dear mother")
        portal.answer("/api/v1/auth/sign-out", Response(status=204))

        device.sign_out()

        assert (folder / "letters" / "mother.txt").exists()

    def test_removes_all_of_it_also_where_nobody_answers(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        device.sync("field")
        store(device)
        portal.answer("/api/v1/auth/sign-out", hang_up)

        signed_out = device.sign_out()

        assert "can't be reached" in signed_out.untold
        assert [path.name for path in folder.iterdir()] == ["lock"]


def store(device: Device) -> None:
    with device.storage(device.synced("field")) as storage:
        row = {"id": "1", "note": MARKER}
        storage.store({}, entity="notes", records=[row], operations=[], parameters={})
