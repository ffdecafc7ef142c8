"""The call path between web and worker: sealed, short-lived, delivered at most once."""

from functions.calls.client import (
    BrokerAway,
    LaneClient,
    Reply,
    WorkerBug,
    WorkerUnavailable,
    lane_client,
)
from functions.calls.lane import CallTimeout, NoWorker, QueueFull, TooManyCalls

__all__ = [
    "BrokerAway",
    "CallTimeout",
    "LaneClient",
    "NoWorker",
    "QueueFull",
    "Reply",
    "TooManyCalls",
    "WorkerBug",
    "WorkerUnavailable",
    "lane_client",
]
