"""What an organization may write into its invitations."""

from collections.abc import Callable, Iterator, Mapping

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid, pointer
from orgs.mail.colours import COLOUR
from orgs.mail.html import faults_in_html
from orgs.mail.placeholders import faults_in, is_link_glued, names_in
from orgs.mail.wording import ICONS, KINDS, LONGEST, Kind, Wording

MOST_BYTES = 100 * 1024
MOST_SUBJECT = 200
HTTPS = URLValidator(schemes=["https"])


class WordingInvalid(Invalid):
    code = "invite_template_invalid"


def checked_wording(wording: Wording) -> Wording:
    """Return it without blanks around or blank parts; raises WordingInvalid with every fault."""
    subject = wording.subject.strip()
    parameters = {name: str(text) for name, text in wording.parameters.items()}
    cleaned = Wording(
        subject=subject,
        parameters={
            name: _plain_breaks(text).strip() for name, text in parameters.items() if text.strip()
        },
        html=_plain_breaks(wording.html) if wording.html.strip() else "",
        text=_plain_breaks(wording.text) if wording.text.strip() else "",
    )
    faults = [
        FieldFault(place, sentence, WordingInvalid.code) for place, sentence in _faults(cleaned)
    ]
    if faults:
        raise WordingInvalid(_("Some parts of the template need another look."), faults=faults)
    return cleaned


def _faults(wording: Wording) -> Iterator[tuple[str, str]]:
    for sentence in _line_faults(wording.subject, MOST_SUBJECT):
        yield "/subject", sentence
    if "link" in names_in(wording.subject):
        yield "/subject", _("Leave {{link}} out of the subject, which mail servers note down.")
    for name, text in wording.parameters.items():
        for sentence in _parameter_faults(name, text):
            yield pointer("parameters", name), sentence
    for sentence in _whole_faults(wording.html):
        yield "/html", sentence
    for sentence in faults_in_html(wording.html[:MOST_BYTES]):
        yield "/html", sentence
    for sentence in [*_whole_faults(wording.text), *_glue_faults(wording.text)]:
        yield "/text", sentence


def _parameter_faults(name: str, text: str) -> list[str]:
    kind = KINDS.get(name)
    if kind is None:
        return [_("There is no parameter “%(name)s”.") % {"name": name[:60]}]
    return CHECKS[kind](text)


def _whole_faults(text: str) -> list[str]:
    """A body of one's own must hold the link, or nobody could accept."""
    if not text:
        return []
    faults = faults_in(text)
    if len(text.encode()) > MOST_BYTES:
        faults.append(_("It has at most %(most)s KB.") % {"most": MOST_BYTES // 1024})
    if "\0" in text:
        faults.append(_("It has no null characters."))
    if "link" not in names_in(text):
        faults.append(_("It must hold {{link}}, which is how the invitation is accepted."))
    return faults


def _glue_faults(text: str) -> list[str]:
    """The link must not become a part of another address, whose owner would learn it."""
    return [_("A space, or a new line, goes before {{link}}.")] if is_link_glued(text) else []


def _line_faults(text: str, longest: int = LONGEST[Kind.LINE]) -> list[str]:
    faults = faults_in(text) + _glue_faults(text)
    if len(text) > longest:
        faults.append(_too_long(longest))
    if not text.isprintable():
        faults.append(_("It is one line of printable characters."))
    return faults


def _paragraph_faults(text: str) -> list[str]:
    faults = faults_in(text) + _glue_faults(text)
    if len(text) > LONGEST[Kind.PARAGRAPHS]:
        faults.append(_too_long(LONGEST[Kind.PARAGRAPHS]))
    if "\0" in text:
        faults.append(_("It has no null characters."))
    return faults


def _colour_faults(text: str) -> list[str]:
    return [] if COLOUR.fullmatch(text) else [_("Write a colour as #rrggbb, such as #4338ca.")]


def _icon_faults(text: str) -> list[str]:
    return [] if text in ICONS else [_("Choose one of %(icons)s.") % {"icons": ", ".join(ICONS)}]


def _link_faults(text: str) -> list[str]:
    try:
        HTTPS(text)
    except ValidationError:
        return [_("Write a whole address that begins with https://.")]
    return [_too_long(LONGEST[Kind.LINK])] * (len(text) > LONGEST[Kind.LINK])


def _too_long(most: int) -> str:
    return _("It has at most %(most)s characters.") % {"most": most}


def _plain_breaks(text: str) -> str:
    """Forms send lines as RFC 2046 has them; ours end as Python's do."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


CHECKS: Mapping[Kind, Callable[[str], list[str]]] = {
    Kind.COLOUR: _colour_faults,
    Kind.LINE: _line_faults,
    Kind.PARAGRAPHS: _paragraph_faults,
    Kind.ICON: _icon_faults,
    Kind.LINK: _link_faults,
}
