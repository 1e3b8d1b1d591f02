from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Token


class Command(BaseCommand):
    help = "Creates the token that a program sends as `Authorization: Bearer …`, and prints it. The same name again replaces it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name", help="what it is for")
        parser.add_argument("--write", action="store_true", help="allow changes; otherwise it can only read")
        parser.add_argument("--days", type=int, help="how long it is valid; otherwise until it is deleted in the admin")
        parser.add_argument("--create", action="store_true", help="create the user, without a password, if it does not exist")

    def handle(self, *, username: str, name: str, write: bool, days: int | None, create: bool, **_: object) -> None:
        users = get_user_model().objects
        user = users.filter(username=username).first()
        if user is None:
            if not create:
                raise CommandError(f"There is no user {username}. --create creates it, without a password.")
            user = users.create_user(username)
        token = Token.objects.filter(user=user, name=name).first() or Token(user=user, name=name)
        text = token.renew()
        token.can_write = write
        token.expires_at = timezone.now() + timedelta(days=days) if days else None
        token.save()
        self.stdout.write(text)
