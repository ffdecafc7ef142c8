"""What an organization's directory tells of its people, by SCIM (RFC 7643)."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Membership, Organization, SolutionGroup, User

NAME_LENGTH = 255


class ScimToken(models.Model):
    """The bearer token of an organization's directory; only a keyed digest of it is kept."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="scim_token"
    )
    prefix = models.CharField(max_length=12, help_text="The token's first characters.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.organization}"


class ScimResource(models.Model):
    """A resource as the directory sent it, beside what is looked for and acted on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    external_id = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    attributes = models.JSONField(default=dict, help_text="As sent, without any password.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class ScimUser(ScimResource):
    """A person of the directory, and the member that they are here, if they may be one."""

    class Finding(models.TextChoices):
        """What somebody of the directory is here, or why they are no member."""

        LINKED = "LINKED", _("A member")
        NO_ADDRESS = "NO_ADDRESS", _("Has no e-mail address")
        DOMAIN_UNPROVED = "DOMAIN_UNPROVED", _("The domain of the address is not proved")
        ACCOUNT_UNPROVED = "ACCOUNT_UNPROVED", _("The address of the account is not proved")
        INACTIVE = "INACTIVE", _("Not active in the directory")
        REMOVED = "REMOVED", _("Removed by an admin")

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="scim_users"
    )
    user_name = models.CharField(max_length=NAME_LENGTH, help_text="Case-folded.")
    is_active = models.BooleanField(default=True)
    membership = models.OneToOneField(
        Membership, null=True, on_delete=models.SET_NULL, related_name="scim_user"
    )
    finding = models.CharField(max_length=16, choices=Finding.choices, default=Finding.NO_ADDRESS)

    class Meta:
        ordering = ["user_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user_name"], name="scim_user_name_once"
            ),
        ]
        indexes = [models.Index(fields=["organization", "external_id"], name="scim_user_external")]

    def __str__(self) -> str:
        return self.user_name


class ScimGroup(ScimResource):
    """A group of the directory; its members are in the groups of solutions that it stands for."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="scim_groups"
    )
    display_name = models.CharField(max_length=NAME_LENGTH)
    members = models.ManyToManyField(ScimUser, related_name="groups", blank=True)
    solution_groups = models.ManyToManyField(SolutionGroup, related_name="+", blank=True)

    class Meta:
        ordering = ["display_name"]
        indexes = [models.Index(fields=["organization", "display_name"], name="scim_group_name")]

    def __str__(self) -> str:
        return self.display_name
