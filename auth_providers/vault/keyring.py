"""Several key providers as one, and a short memory of what they unwrapped."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic

from auth_providers.vault import KeyMissing, KeyProvider

MOST = 1024
SECONDS = 300.0


class Keyring:
    """Providers, of which the first wraps; each still unwraps what it wrapped."""

    def __init__(self, providers: Sequence[KeyProvider]) -> None:
        self._providers = tuple(providers)

    @property
    def newest(self) -> str:
        return self._providers[0].newest

    def holds(self, key_id: str) -> bool:
        return any(provider.holds(key_id) for provider in self._providers)

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]:
        """Return the id of the newest key and the data key under it; raises KeyAway."""
        return self._providers[0].wrap(data_key, organization=organization)

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes:
        """Return the data key; raises KeyMissing, KeyAway or SealBroken."""
        return self._of(key_id).unwrap(wrapped, key_id=key_id, organization=organization)

    def is_at_hand(self, wrapped: bytes, *, key_id: str, organization: str) -> bool:
        """Answer whether unwrapping would wait for nobody."""
        provider = self._of(key_id)
        if not isinstance(provider, Remembering):
            return True
        return provider.remembers(wrapped, key_id=key_id, organization=organization)

    def forget(self, organization: str) -> None:
        """Drop what is remembered of an organization."""
        for provider in self._providers:
            if isinstance(provider, Remembering):
                provider.forget(organization)

    def _of(self, key_id: str) -> KeyProvider:
        for provider in self._providers:
            if provider.holds(key_id):
                return provider
        raise KeyMissing(key_id)


class Remembering:
    """A provider that is far away, asked once in a while for each data key.

    The plain keys live in this process's memory alone, so many and so long at most.
    """

    def __init__(
        self,
        provider: KeyProvider,
        *,
        most: int = MOST,
        seconds: float = SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._provider = provider
        self._most, self._seconds, self._clock = most, seconds, clock
        # By organization and all that was handed in, so that no answer is another question's.
        self._known: OrderedDict[tuple[str, str, bytes], tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Remembering {self._provider!r}>"

    @property
    def newest(self) -> str:
        return self._provider.newest

    def holds(self, key_id: str) -> bool:
        return self._provider.holds(key_id)

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]:
        """Return what the provider does; raises as it does."""
        return self._provider.wrap(data_key, organization=organization)

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes:
        """Return the data key, remembered or asked for; raises as the provider does."""
        place = _place(wrapped, key_id, organization)
        known = self._recall(place)
        if known is None:
            known = self._provider.unwrap(wrapped, key_id=key_id, organization=organization)
            self._note(place, known)
        return known

    def remembers(self, wrapped: bytes, *, key_id: str, organization: str) -> bool:
        return self._recall(_place(wrapped, key_id, organization)) is not None

    def forget(self, organization: str) -> None:
        """Drop what is remembered of an organization."""
        with self._lock:
            for place in [place for place in self._known if place[0] == organization]:
                del self._known[place]

    def _recall(self, place: tuple[str, str, bytes]) -> bytes | None:
        with self._lock:
            until, plain = self._known.get(place, (0.0, b""))
            return plain if until > self._clock() else None

    def _note(self, place: tuple[str, str, bytes], plain: bytes) -> None:
        """Keep a key, in place of those whose time has passed and of the oldest."""
        with self._lock:
            now = self._clock()
            self._known[place] = (now + self._seconds, plain)
            self._known.move_to_end(place)
            while self._known:
                oldest = next(iter(self._known))
                if len(self._known) <= self._most and self._known[oldest][0] > now:
                    break
                del self._known[oldest]


def _place(wrapped: bytes, key_id: str, organization: str) -> tuple[str, str, bytes]:
    return organization, key_id, hashlib.sha256(wrapped).digest()
