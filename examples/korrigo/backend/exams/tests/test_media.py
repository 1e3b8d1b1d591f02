import tempfile
from datetime import date

from django.contrib.auth.models import Permission, User
from django.test import TestCase, override_settings

from accounts.models import Token
from exams.models import Copy, Exam
from exams.tests.pdf import pdf


@override_settings(MEDIA_ROOT=tempfile.mkdtemp())
class Media(TestCase):
    def setUp(self):
        exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        self.copy = Copy.objects.create(exam=exam, student="Amira", file=pdf())
        self.teacher = User.objects.create_user("samia")
        exam.teachers.add(self.teacher)
        self.client.force_login(self.teacher)

    def get(self):
        return self.client.get(self.copy.file.url)

    def test_is_left_to_nginx_and_to_nobodys_cache(self):
        response = self.get()
        self.assertEqual(response["X-Accel-Redirect"], f"/protected-media/{self.copy.file.name}")
        self.assertEqual((response["Cache-Control"], response.content), ("private, no-cache", b""))

    def test_of_no_copy_is_404(self):
        self.copy.delete()
        self.assertEqual(self.get().status_code, 404)

    def test_is_for_the_teachers_of_the_exam_and_for_whom_the_admin_shows_it_to(self):
        corrector = User.objects.create_user("corrector", is_staff=True)
        corrector.user_permissions.add(Permission.objects.get(codename="view_copy"))
        for user, expected in (
            (self.teacher, 200),
            (User.objects.create_user("karim"), 404),
            (User.objects.create_user("secretary", is_staff=True), 404),
            (corrector, 200),
            (User.objects.create_superuser("root"), 200),
        ):
            with self.subTest(user.username):
                self.client.force_login(user)
                self.assertEqual(self.get().status_code, expected)

    def test_is_for_a_program_that_has_a_token(self):
        self.client.logout()
        token = Token(user=self.teacher, name="scanner")
        text = token.renew()
        token.save()
        for given, expected in ((text, 200), ("wrong", 401)):
            response = self.client.get(self.copy.file.url, headers={"authorization": f"Bearer {given}"})
            self.assertEqual(response.status_code, expected)

    def test_is_refused_to_strangers_and_a_browser_is_sent_to_sign_in_and_back(self):
        self.client.logout()
        self.assertEqual(self.get().status_code, 401)
        response = self.client.get(self.copy.file.url, headers={"accept": "text/html,*/*;q=0.8"})
        self.assertRedirects(response, f"/login/?next={self.copy.file.url}", fetch_redirect_response=False)
        self.assertEqual(response["Cache-Control"], "private, no-cache")

    def test_that_is_read_is_told(self):
        with self.assertLogs("audit", "INFO") as logs:
            self.get()
        self.assertEqual((logs.records[0].getMessage(), logs.records[0].fields["copy"]), ("paper.read", self.copy.pk))

    @override_settings(MEDIA_ACCESS="public")
    def test_that_is_public_may_be_kept(self):
        self.client.logout()
        response = self.get()
        self.assertIn("public", response["Cache-Control"])
        self.assertTrue(b"".join(response.streaming_content).startswith(b"%PDF-"))
