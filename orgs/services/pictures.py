"""Pictures of people and logos: whatever was uploaded is drawn anew, small and without metadata."""

from io import BytesIO
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from jigxmgmt.errors import FieldFault, Invalid, NotAllowed
from orgs import policies
from orgs.models import Organization, Picture, User
from orgs.services.audit import record_event

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_MEGABYTES = 5
MOST_BYTES = MOST_MEGABYTES * 1024 * 1024
# A JPEG is decoded at a part of its size; the others are whole in memory, eight bytes a pixel.
MOST_MEGAPIXELS, MOST_MEGAPIXELS_OF_JPEG = 16, 40
PERSON_SIZE = (256, 256)
LOGO_SIZE = (512, 512)
DRAWN_AT = (1024, 1024)  # a JPEG is decoded no larger than the sizes above need


class NotAPicture(Invalid):
    code = "picture_invalid"


def make_picture(uploaded: bytes, *, is_public: bool) -> Picture:
    """Keep a PNG drawn from what was uploaded: a logo in proportion, a person cut to a square.

    Raises NotAPicture.
    """
    image = _read(uploaded)
    if is_public:
        image.thumbnail(LOGO_SIZE)
    else:
        image = ImageOps.fit(image, PERSON_SIZE)
    written = BytesIO()
    # The profile of its colours would come along, of any size and with anything in it.
    image.save(written, "PNG", optimize=True, icc_profile=None)
    return Picture.objects.create(content=written.getvalue(), is_public=is_public)


@transaction.atomic
def set_own_picture(user: User, *, uploaded: bytes, by: User) -> Picture:
    """Give oneself a picture in place of any other. Raises NotAllowed or NotAPicture."""
    _require_oneself(user, by)
    picture = make_picture(uploaded, is_public=False)
    _replace_own(user, picture, by=by)
    return picture


@transaction.atomic
def remove_own_picture(user: User, *, by: User) -> None:
    """Go back to one's initials. Raises NotAllowed."""
    _require_oneself(user, by)
    _replace_own(user, None, by=by)


@transaction.atomic
def set_logo(organization: Organization, *, uploaded: bytes, by: User) -> Picture:
    """Give the organization a logo in place of any other; mails show it to whoever gets them.

    Raises NotAllowed or NotAPicture.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    picture = make_picture(uploaded, is_public=True)
    _replace_logo(organization, picture, by=by)
    return picture


@transaction.atomic
def remove_logo(organization: Organization, *, by: User) -> None:
    """Go back to the organization's name in mails. Raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    _replace_logo(organization, None, by=by)


def find_picture(picture_id: UUID, *, viewer: User | None) -> Picture | None:
    """Return a logo, one's own picture, or that of somebody in an organization of one's own."""
    picture = Picture.objects.filter(pk=picture_id).first()
    if picture is None or picture.is_public:
        return picture
    if viewer is None:
        return None
    whose = User.objects.filter(picture=picture)
    mine = viewer.memberships.active().values("organization")
    near = whose.filter(memberships__organization__in=mine, memberships__is_active=True)
    is_shown = whose.filter(pk=viewer.pk).exists() or near.exists()
    return picture if is_shown else None


def _read(uploaded: bytes) -> Image.Image:
    """Return the first frame, turned as its camera was held, in RGBA."""
    if len(uploaded) > MOST_BYTES:
        raise _refusal(_("A picture has at most %(most)s MB.") % {"most": MOST_MEGABYTES})
    try:
        with Image.open(BytesIO(uploaded), formats=FORMATS) as image:
            most = MOST_MEGAPIXELS_OF_JPEG if image.format == "JPEG" else MOST_MEGAPIXELS
            if image.width * image.height > most * 1_000_000:
                raise _too_many_pixels(most)
            image.draft("RGB", DRAWN_AT)
            ImageOps.exif_transpose(image, in_place=True)
            return image.convert("RGBA")
    except UnidentifiedImageError as error:
        raise _refusal(_("Choose a PNG, JPEG, WebP or GIF file.")) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(MOST_MEGAPIXELS) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _refusal(_("This file is damaged: not all of the picture is there.")) from error


def _too_many_pixels(most: int) -> NotAPicture:
    return _refusal(_("A picture has at most %(most)s megapixels.") % {"most": most})


def _refusal(sentence: str) -> NotAPicture:
    return NotAPicture(sentence, faults=[FieldFault("/picture", sentence, NotAPicture.code)])


def _require_oneself(user: User, by: User) -> None:
    if user.pk != by.pk:
        raise NotAllowed(_("A picture is its person's own to change."))


def _replace_own(user: User, picture: Picture | None, *, by: User) -> None:
    locked = User.objects.select_for_update().only("picture").get(pk=user.pk)
    before = locked.picture_id
    if before is None and picture is None:
        return
    User.objects.filter(pk=user.pk).update(picture=picture)
    if before:
        Picture.objects.filter(pk=before).delete()
    user.picture = picture
    record_event("user.set_picture", by=by, subject=user, changes=_changes(before, picture))


def _replace_logo(organization: Organization, picture: Picture | None, *, by: User) -> None:
    locked = Organization.objects.select_for_update().only("logo").get(pk=organization.pk)
    before = locked.logo_id
    if before is None and picture is None:
        return
    Organization.objects.filter(pk=organization.pk).update(logo=picture)
    if before:
        Picture.objects.filter(pk=before).delete()
    organization.logo = picture
    record_event(
        "organization.set_logo",
        by=by,
        subject=organization,
        organization=organization,
        changes=_changes(before, picture),
    )


def _changes(before: object, picture: Picture | None) -> dict[str, tuple[str | None, str | None]]:
    return {
        "picture": (
            str(before) if before else None,
            str(picture.pk) if picture else None,
        )
    }
