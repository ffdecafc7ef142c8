"""How a call reaches the portal, and what its answer means to the queue."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from functions.device import queue
from functions.device.queries import answer_queries
from functions.device.refusals import DeviceRefusal, NotReadable, NotStorable, Refused, Unreachable
from functions.device.session import Session
from functions.device.storage import Storage
from functions.device.synced import Synced

# The portal ends a call before this, so that its answer is not missed.
SECONDS = 120.0
# It has the key already, so it took the call: under it the rows may have said something else then.
RAN_BEFORE = ("already_ran", "idempotency_key_reused")
LATER_CODES = ("still_running",)
LATER_STATUSES = (429, 500, 502, 503, 504)
NOT_CONNECTED = ("OAuthCredentialsMissingError", "OAuthRefreshFailed")


class Sender:
    """Sends one solution's calls; `became` tells of each command what came of it.

    That is the portal's answer, or why there is none. Of a command that still waits it tells
    nothing; then `interruption` says why.
    """

    def __init__(self, session: Session, synced: Synced, *, storage: Storage) -> None:
        self._session = session
        self._synced = synced
        self._storage = storage
        self.became: dict[str, Mapping[str, Any] | DeviceRefusal] = {}
        self.interruption = ""

    def post(
        self,
        function: str,
        source: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        entity: str | None,
        key: str,
        command_id: str | None = None,
    ) -> dict[str, Any]:
        """Have the portal run a function, once however often it is sent with this key.

        Raises NotSignedIn, Refused, Unreachable, NotReadable or NotStorable.
        """
        content: dict[str, Any] = {
            "parameters": parameters,
            "entity": entity,
            "command_id": command_id,
            "queries": answer_queries(
                source, storage=self._storage, parameters=parameters, entity=entity
            ),
        }
        name = quote(function, safe="")
        return self._session.post(
            f"/api/v1/solutions/{self._synced.id}/functions/{name}/calls",
            content,
            headers={"Idempotency-Key": key},
            seconds=SECONDS,
        )

    def deliver(self, command: queue.Command) -> queue.Delivery:
        """Send a command under its own id; raises NotSignedIn, and then it waits."""
        try:
            answer = self.post(
                command.function,
                command.source,
                command.parameters,
                entity=command.entity,
                key=command.command_id,
                command_id=command.command_id,
            )
        except Unreachable as refusal:
            self.interruption = refusal.detail
            return queue.NotReachable()
        except (Refused, NotReadable, NotStorable) as refusal:
            return self._refused(command, refusal)
        return self._delivered(command, answer)

    def _delivered(self, command: queue.Command, answer: Mapping[str, Any]) -> queue.Delivery:
        if answer["status"] == "error":
            refusal = answer_refusal(answer["error"], solution=self._synced.name)
            self.became[command.command_id] = refusal
            return queue.Refused(refusal.code, answer["operations"])
        self.became[command.command_id] = answer
        if answer["status"] == "skipped":
            return queue.DeliveredBefore()
        return queue.Delivered(answer["records"], answer["operations"], answer["output"])

    def _refused(self, command: queue.Command, refusal: DeviceRefusal) -> queue.Delivery:
        if refusal.code in RAN_BEFORE:
            self.became[command.command_id] = {"status": "ok", "output": None}
            return queue.DeliveredBefore()
        status = refusal.status if isinstance(refusal, Refused) else 0
        if status in LATER_STATUSES or refusal.code in LATER_CODES:
            self.interruption = refusal.detail
            return queue.NotReachable()
        self.became[command.command_id] = refusal
        return queue.Refused(refusal.code)


def answer_refusal(error: Mapping[str, Any], *, solution: str) -> Refused:
    """Say what a handler of the definition says of an error, or else the engine."""
    name, details = str(error["name"]), error["details"]
    said = [text for text in (error["title"], error["description"]) if isinstance(text, str)]
    if name in NOT_CONNECTED and isinstance(details, Mapping):
        key = details.get("credential", "CREDENTIAL")
        said.append(f"Connect your account: `device connect {solution} {key}`")
    sentences = dict.fromkeys(text.rstrip(".") for text in said)
    return Refused(". ".join(sentences) + ".", code=name)
