"""Pictures are drawn anew, and shown to those who work with a person."""

import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Picture, User
from orgs.services.pictures import (
    MOST_BYTES,
    NotAPicture,
    make_picture,
    remove_own_picture,
    set_logo,
    set_own_picture,
)
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db

ORIENTATION, TURNED = 0x0112, 6


def image(
    width: int = 60, height: int = 30, kind: str = "PNG", *, is_turned: bool = False
) -> bytes:
    """A picture whose left half is red, with a remark of whoever took it."""
    drawn = Image.new("RGB", (width, height), "blue")
    drawn.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    if is_turned:
        exif[ORIENTATION] = TURNED
    written = BytesIO()
    drawn.save(written, kind, exif=exif, icc_profile=b"colours of this camera")
    return written.getvalue()


def opened(picture: Picture) -> Image.Image:
    drawn = Image.open(BytesIO(bytes(picture.content)))
    assert drawn.format == "PNG"
    return drawn


def red_at(picture: Picture, place: tuple[int, int]) -> bool:
    pixel = opened(picture).convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return bool(pixel[0] > pixel[2])


@pytest.fixture
def mia() -> User:
    return MembershipFactory.create(owner=True).user


@pytest.fixture
def membership(mia: User) -> Membership:
    return mia.memberships.get()


class TestMakePicture:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_is_a_square_png_without_metadata(self, kind: str) -> None:
        picture = make_picture(image(kind=kind), is_public=False)

        assert opened(picture).size == (256, 256)
        assert b"taken at home" not in bytes(picture.content)
        assert "icc_profile" not in opened(picture).info

    def test_is_turned_as_the_camera_was_held(self) -> None:
        picture = make_picture(image(kind="JPEG", is_turned=True), is_public=True)

        assert opened(picture).size == (30, 60)
        assert red_at(picture, (15, 5))
        assert not red_at(picture, (15, 55))

    def test_keeps_a_logo_in_proportion(self) -> None:
        assert opened(make_picture(image(1024, 256), is_public=True)).size == (512, 128)

    @pytest.mark.parametrize(
        ("uploaded", "words"),
        [
            (b"", "Choose"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Choose"),
            (image(kind="BMP"), "Choose"),
            (image(kind="JPEG")[:-200], "damaged"),
            (image(500, 500)[:-60], "damaged"),
            (b"x" * (MOST_BYTES + 1), "5 MB"),
        ],
    )
    def test_refuses_what_is_none(self, uploaded: bytes, words: str) -> None:
        with pytest.raises(NotAPicture, match=words) as refusal:
            make_picture(uploaded, is_public=False)

        assert refusal.value.faults[0].pointer == "/picture"

    @pytest.mark.parametrize("side", [4_001, 10_000, 40_000])
    def test_decodes_no_bomb(self, side: int) -> None:
        written = BytesIO()
        Image.new("1", (8, 8)).save(written, "PNG")
        header = side.to_bytes(4, "big")
        bomb = written.getvalue()[:16] + header + header + written.getvalue()[24:]
        bomb = bomb[:29] + png_check(bomb[12:29]) + bomb[33:]

        with pytest.raises(NotAPicture, match="megapixels"):
            make_picture(bomb, is_public=False)


def png_check(chunk: bytes) -> bytes:
    return zlib.crc32(chunk).to_bytes(4, "big")


class TestSetOwnPicture:
    def test_takes_the_place_of_the_old_one(self, mia: User) -> None:
        old = set_own_picture(mia, uploaded=image(), by=mia)

        new = set_own_picture(mia, uploaded=image(), by=mia)

        mia.refresh_from_db()
        assert mia.picture == new
        assert list(Picture.objects.all()) == [new]
        event = AuditEvent.objects.filter(act="user.set_picture").latest("created_at")
        assert event.changes == {"picture": [str(old.pk), str(new.pk)]}

    def test_is_removed_once(self, mia: User) -> None:
        set_own_picture(mia, uploaded=image(), by=mia)

        remove_own_picture(mia, by=mia)
        remove_own_picture(mia, by=mia)

        assert not Picture.objects.exists()
        assert AuditEvent.objects.filter(act="user.set_picture").count() == 2

    def test_is_ones_own_to_change(self, mia: User) -> None:
        with pytest.raises(NotAllowed):
            set_own_picture(mia, uploaded=image(), by=MembershipFactory.create().user)


class TestPicture:
    def get(self, client: Client, picture: Picture) -> int:
        return client.get(reverse("picture", args=[picture.pk])).status_code

    def test_of_a_person_is_for_those_in_an_organization_with_them(
        self, client: Client, mia: User, membership: Membership
    ) -> None:
        picture = set_own_picture(mia, uploaded=image(), by=mia)
        colleague = MembershipFactory.create(organization=membership.organization).user
        assert self.get(client, picture) == 404

        for viewer, status in [
            (mia, 200),
            (colleague, 200),
            (MembershipFactory.create().user, 404),
        ]:
            client.force_login(viewer)

            assert self.get(client, picture) == status

        membership.disable()
        client.force_login(colleague)
        assert self.get(client, picture) == 404

    def test_of_a_person_is_kept_by_no_cache_that_others_share(
        self, client: Client, mia: User
    ) -> None:
        picture = set_own_picture(mia, uploaded=image(), by=mia)
        client.force_login(mia)

        response = client.get(reverse("picture", args=[picture.pk]))

        assert response["Content-Type"] == "image/png"
        assert response["Cache-Control"].startswith("private")
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_of_an_organization_is_for_everybody(
        self, client: Client, mia: User, membership: Membership
    ) -> None:
        logo = set_logo(membership.organization, uploaded=image(), by=mia)

        response = client.get(reverse("picture", args=[logo.pk]))

        assert response.content == bytes(logo.content)
        assert response["Cache-Control"].startswith("public")


class TestLogo:
    def post(self, client: Client, content: bytes) -> str:
        upload = SimpleUploadedFile("logo.png", content)
        form = {"picture": upload, "next": reverse("invite-templates")}
        page = client.post(reverse("organization-logo"), form, follow=True)
        return page.content.decode()

    def test_is_uploaded_and_removed(
        self, client: Client, mia: User, membership: Membership
    ) -> None:
        client.force_login(mia)

        shown = self.post(client, image())

        membership.organization.refresh_from_db()
        assert reverse("picture", args=[membership.organization.logo_id]) in shown
        client.post(reverse("organization-logo"), {"remove": "1"})
        assert not Picture.objects.exists()

    def test_says_why_it_was_refused(self, client: Client, mia: User) -> None:
        client.force_login(mia)

        assert "Choose a PNG" in self.post(client, b"no picture")

    def test_is_not_for_creators(self, client: Client) -> None:
        creator = MembershipFactory.create(creator=True)
        client.force_login(creator.user)

        response = client.post(reverse("organization-logo"), {"remove": "1"})

        assert response.status_code == 403
