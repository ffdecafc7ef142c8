"""Who an outside provider says that a person is."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat, Replace
from django.utils import timezone

from orgs.models import MemberRemoval, User


class LinkedIdentityQuerySet(models.QuerySet["LinkedIdentity"]):
    def standing(self) -> Self:
        """Without those that a membership has ended since, in the organization whose word it is."""
        return self.filter(~_ended_by(MemberRemoval.objects.all()))

    def stale(self) -> Self:
        """Of whose membership has ended since: it lets nobody in, not even who comes again."""
        return self.filter(_ended_by(MemberRemoval.objects.all()))

    def forgettable(self) -> Self:
        """Stale, and not of who was removed: a new account would let those in again unseen."""
        return self.stale().filter(~_ended_by(MemberRemoval.objects.by_others()))


def _ended_by(removals: models.QuerySet[MemberRemoval]) -> Exists:
    """Say that one of these ended the membership in whose time an identity was linked."""
    # Some databases keep ids without hyphens.
    bare = Replace(Cast("organization_id", TextField()), Value("-"), output_field=TextField())
    later = removals.filter(user=OuterRef("user"), removed_at__gte=OuterRef("created_at"))
    marked = later.annotate(
        mark=Concat(Value("#"), bare, output_field=TextField()),
        issuer=Replace(OuterRef("issuer"), Value("-"), output_field=TextField()),
    )
    return Exists(marked.filter(issuer__contains=F("mark")))


class LinkedIdentity(models.Model):
    """An outside identity of a person, keyed by issuer and subject (OpenID Connect Core 5.7).

    The issuer of an organization's own provider ends in `#` and the organization's id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LinkedIdentityQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="linked_identity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.provider}"

    @property
    def provider(self) -> str:
        """The issuer as it calls itself, without what tells whose word it is."""
        return self.issuer.partition("#")[0]
