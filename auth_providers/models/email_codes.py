"""Six-digit codes that prove an e-mail address to the API and to registration."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from orgs.models import User

CODE_LIFETIME = timedelta(minutes=10)
PROOF_LIFETIME = timedelta(hours=1)
MOST_TRIES = 5


class EmailCodeQuerySet(models.QuerySet["EmailCode"]):
    def usable(self, now: datetime) -> Self:
        """Sent, neither used nor expired, with tries left."""
        return self.exclude(code_digest="").filter(
            used_at__isnull=True, expires_at__gt=now, tries__lt=MOST_TRIES
        )

    def waiting(self, now: datetime) -> Self:
        """Asked for, and neither used nor too old to be sent."""
        return self.filter(used_at__isnull=True, expires_at__gt=now)

    def unused(self) -> Self:
        """Those of which each address has one for each purpose."""
        return self.filter(used_at__isnull=True)

    def proved(self, now: datetime) -> Self:
        """Used a short while ago, which proved the address."""
        return self.filter(used_at__gt=now - PROOF_LIFETIME)


class EmailCode(models.Model):
    """The newest code for one address and purpose; its digest is made when the mail is sent.

    One that was used proves the address to who used it, whatever others ask for meanwhile.
    """

    class Purpose(models.TextChoices):
        REGISTER = "REGISTER", _("Register")
        RESET_PASSWORD = "RESET_PASSWORD", _("Reset the password")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=14, choices=Purpose.choices)
    email = models.EmailField()
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    objects = EmailCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "email"],
                condition=Q(used_at__isnull=True),
                name="email_code_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} of {self.email}"

    def find_person(self) -> User | None:
        """Return whose address this is: who proved it, else who has it as their user name."""
        proved = User.objects.who_proved(self.email)
        return proved or User.objects.filter(email=self.email).first()

    def set_code(self, code: str, now: datetime) -> bool:
        """Let this code, from now on, be the one; false when none is waited for any more."""
        self.code_digest, self.expires_at = self._digest_of(code), now + CODE_LIFETIME
        waiting = EmailCode.objects.waiting(now).filter(pk=self.pk)
        return bool(waiting.update(code_digest=self.code_digest, expires_at=self.expires_at))

    def matches(self, code: str) -> bool:
        return constant_time_compare(self.code_digest, self._digest_of(code))

    def try_once(self, now: datetime) -> bool:
        """Count a try; false when there is none left or its time has passed."""
        usable = EmailCode.objects.usable(now).filter(pk=self.pk, code_digest=self.code_digest)
        return bool(usable.update(tries=F("tries") + 1))

    def take_back_try(self) -> None:
        """Count the try that found it right for none: what it is good for may yet be refused."""
        EmailCode.objects.filter(pk=self.pk, tries__gt=0).update(tries=F("tries") - 1)

    def use(self, now: datetime) -> bool:
        """Spend it; false when somebody else did."""
        unused = EmailCode.objects.filter(
            pk=self.pk, code_digest=self.code_digest, used_at__isnull=True
        )
        return bool(unused.update(used_at=now))

    def _digest_of(self, code: str) -> str:
        bound = f"{self.purpose}\n{self.email}\n{code}"
        return salted_hmac("auth_providers.email_code", bound, algorithm="sha256").hexdigest()
