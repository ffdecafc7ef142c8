"""The console's static files, collected where the web server serves them from."""

import hashlib

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static() -> None:
    """Collect and compress the static files, unless the same ones lie there already."""
    stamp = settings.STATIC_ROOT / ".collected"
    digest = _digest_of_sources()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest)


def _digest_of_sources() -> str:
    """Digest names, sizes and times of change, which is all that is cheap to look at."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = (path, storage.size(path), storage.get_modified_time(path).timestamp())
            digest.update(repr(facts).encode())
    return digest.hexdigest()
