import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

PREFIX = "korrigo_"  # so that anyone who finds one, or a secret scanner, knows what it is


class TokenSet(models.QuerySet):
    def valid(self, text: str) -> "Token | None":
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.select_related("user").filter(alive, digest=digest(text), user__is_active=True).first()


class Token(models.Model):
    """What a program uses instead of a password. It can do what its user can, or only read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    # The digest is useless to someone who reads the database. Slow hashes are for passwords: no one guesses 256 bits.
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
        """Gives it a new text, without saving. Returns that text, which cannot be recovered later."""
        text = PREFIX + secrets.token_urlsafe(32)
        self.digest = digest(text)
        return text


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
