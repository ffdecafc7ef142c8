"""The call path between web and worker: sealed, short-lived, delivered at most once."""

from functions.calls.client import LaneClient, Reply, lane_client
from functions.calls.lane import CallTimeout, NoWorker, QueueFull, TooManyCalls

__all__ = [
    "CallTimeout",
    "LaneClient",
    "NoWorker",
    "QueueFull",
    "Reply",
    "TooManyCalls",
    "lane_client",
]
