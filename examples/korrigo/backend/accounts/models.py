import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

PREFIX = "korrigo_"  # so that whoever finds one, or a scanner of repositories, knows what it is


class TokenSet(models.QuerySet):
    def valid(self, text: str) -> "Token | None":
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.select_related("user").filter(alive, digest=digest(text), user__is_active=True).first()


class Token(models.Model):
    """What a program has instead of a password. It may do what its user may, or only read it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    # Whoever reads the database cannot use what is in it. A slow hash is for passwords: nobody guesses 256 bits.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    can_write = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = TokenSet.as_manager()

    class Meta:
        ordering = ["user", "name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_token_of_a_name")]

    def __str__(self) -> str:
        return f"{self.user}: {self.name}"

    def renew(self) -> str:
        """Makes it another one, not saved yet. Returns its text, which nobody can find out later."""
        text = PREFIX + secrets.token_urlsafe(32)
        self.digest = digest(text)
        return text


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
