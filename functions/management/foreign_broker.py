"""What can be said of a broker that somebody else runs: whether it writes down what passes."""

import redis
from django.conf import settings
from redis.exceptions import RedisError, ResponseError

from jigxmgmt.supervisor.broker import OLDEST
from jigxmgmt.supervisor.ground import Unfit

CANT_TELL = (
    "Warning: the broker of REDIS_URL won't say whether it keeps data on disk; "
    "see to it that `save` and `appendonly` are off."
)


def doubt_about_broker() -> str | None:
    """Return a warning about the broker of REDIS_URL if one is due.

    Raises Unfit when it does not answer, or is too old.
    """
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    try:
        _require_new_enough(client)
        kept = [name for name in ("save", "appendonly") if _keeps(client, name)]
    except ResponseError:  # CONFIG is renamed or forbidden, as hosted brokers do
        return CANT_TELL
    except RedisError as error:
        sentence = f"The broker of REDIS_URL does not answer ({type(error).__name__})."
        raise Unfit(sentence) from error
    finally:
        client.close()
    if not kept:
        return None
    return (
        f"Warning: the broker of REDIS_URL keeps data on disk ({', '.join(kept)}); turn that off."
    )


def _keeps(client: "redis.Redis", name: str) -> bool:
    return client.config_get(name).get(name, "") not in ("", "no")


def _require_new_enough(client: "redis.Redis") -> None:
    version = str(client.info("server")["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Unfit(f"The broker of REDIS_URL is version {version}; {oldest} is the oldest usable.")
