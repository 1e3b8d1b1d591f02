from datetime import timedelta
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, TestCase
from django.utils import timezone

from accounts.models import Token

EXAM = {"title": "Geometry", "date": "2026-06-16"}


class Tokens(TestCase):
    def setUp(self):
        self.samia = User.objects.create_user("samia")
        # A token needs no protection against other sites, so none may be asked for.
        self.program = Client(enforce_csrf_checks=True)

    def make(self, *options: str, username: str = "samia") -> str:
        output = StringIO()
        call_command("token", username, "scanner", *options, stdout=output)
        return output.getvalue().strip()

    def statuses(self, text: str) -> tuple[int, int]:
        """Of reading and of writing."""
        headers = {"authorization": f"Bearer {text}"}
        read = self.program.get("/api/exams/", headers=headers)
        write = self.program.post("/api/exams/", EXAM, content_type="application/json", headers=headers)
        return read.status_code, write.status_code

    def test_read_only_unless_made_to_write(self):
        self.assertEqual(self.statuses(self.make()), (200, 403))
        self.assertEqual(self.statuses(self.make("--write")), (200, 201))
        self.assertEqual(self.samia.exams.count(), 1)

    def test_that_were_replaced_deleted_or_have_expired_are_refused(self):
        replaced, expired = self.make(), self.make("--days", "1")
        self.assertEqual(self.statuses(replaced), (401, 401))
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        self.assertEqual(self.statuses(expired), (401, 401))
        deleted = self.make()
        Token.objects.all().delete()
        self.assertEqual(self.statuses(deleted), (401, 401))

    def test_of_somebody_who_left_are_refused(self):
        text = self.make("--write")
        User.objects.update(is_active=False)
        self.assertEqual(self.statuses(text), (401, 401))

    def test_that_are_none_are_refused_whoever_has_a_session_beside_it(self):
        self.program.force_login(self.samia)
        for header in ("Bearer wrong", "Bearer ", "Basic c2FtaWE6eA==", "\xe9"):
            with self.subTest(header):
                response = self.program.get("/api/exams/", headers={"authorization": header})
                self.assertEqual((response.status_code, response["WWW-Authenticate"]), (401, 'Bearer realm="korrigo"'))

    def test_cannot_be_read_in_the_database(self):
        self.assertNotIn(self.make(), str(list(Token.objects.values())))

    def test_of_nobody_are_not_made_unless_told_to(self):
        with self.assertRaisesMessage(CommandError, "There is no user robot."):
            self.make(username="robot")
        self.assertEqual(self.statuses(self.make("--create", username="robot")), (200, 403))
        self.assertFalse(User.objects.get(username="robot").has_usable_password())
