import tempfile
from datetime import date

from django.contrib.auth.models import User
from django.test import TestCase, override_settings

from exams.models import Copy, Exam
from exams.tests.pdf import pdf


@override_settings(MEDIA_ROOT=tempfile.mkdtemp(), MEDIA_ACCESS="site")
class Media(TestCase):
    def setUp(self):
        exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        self.copy = Copy.objects.create(exam=exam, student="Amira", file=pdf())

    def get(self):
        return self.client.get(self.copy.file.url)

    def test_is_left_to_nginx_and_to_nobodys_cache(self):
        response = self.get()
        self.assertEqual(response["X-Accel-Redirect"], f"/protected-media/{self.copy.file.name}")
        self.assertEqual((response["Cache-Control"], response.content), ("private, no-cache", b""))

    def test_of_no_copy_is_404(self):
        self.copy.delete()
        self.assertEqual(self.get().status_code, 404)

    @override_settings(MEDIA_ACCESS="staff")
    def test_for_staff_is_refused_to_others(self):
        self.assertEqual(self.get().status_code, 403)
        self.client.force_login(User.objects.create(username="pupil"))
        self.assertEqual(self.get().status_code, 403)
        self.client.force_login(User.objects.create(username="corrector", is_staff=True))
        self.assertEqual(self.get().status_code, 200)

    @override_settings(MEDIA_ACCESS="staff")
    def test_for_staff_sends_a_browser_to_the_login_and_back(self):
        response = self.client.get(self.copy.file.url, headers={"accept": "text/html,*/*;q=0.8"})
        self.assertRedirects(response, f"/admin/login/?next={self.copy.file.url}")
        self.assertEqual(response["Cache-Control"], "private, no-cache")

    @override_settings(MEDIA_ACCESS="public")
    def test_that_is_public_may_be_kept(self):
        response = self.get()
        self.assertIn("public", response["Cache-Control"])
        self.assertTrue(b"".join(response.streaming_content).startswith(b"%PDF-"))
