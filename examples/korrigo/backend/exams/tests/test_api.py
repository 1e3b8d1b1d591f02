import tempfile
from datetime import date
from unittest import mock

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from kombu.exceptions import OperationalError
from redis import RedisError

from config.celery import app
from exams.models import Copy, Exam
from exams.tasks import process_copy
from exams.tests.pdf import pdf


@override_settings(MEDIA_ROOT=tempfile.mkdtemp())
class Api(TestCase):
    def setUp(self):
        app.conf.task_always_eager = True
        self.addCleanup(setattr, app.conf, "task_always_eager", False)
        self.teacher = User.objects.create_user("samia")
        self.client.force_login(self.teacher)
        self.exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        self.exam.teachers.add(self.teacher)

    def post(self, path, body, **more):
        return self.client.post(path, body, content_type="application/json", **more)

    def upload(self, file, **more):
        return self.client.post(f"/api/exams/{self.exam.pk}/copies/", {"student": "Amira", "file": file}, **more)

    def test_exams_are_created_and_listed(self):
        response = self.post("/api/exams/", {"title": "Geometry", "date": "2026-06-16"})
        self.assertEqual(response.status_code, 201)
        exams = self.client.get("/api/exams/").json()["exams"]
        self.assertEqual([exam["title"] for exam in exams], ["Geometry", "Algebra"])

    def test_an_exam_without_a_date_is_refused_by_field(self):
        for body in ({"title": "Geometry"}, {"title": "Geometry", "date": ["no"]}, ["no"], "no"):
            with self.subTest(body=body):
                response = self.post("/api/exams/", body)
                self.assertEqual((response.status_code, "date" in response.json()["errors"]), (400, True))

    def test_an_upload_is_accepted_and_counted(self):
        response = self.upload(pdf())
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(self.client.get(f"/api/copies/{response.json()['id']}/").json()["student"], "Amira")
        self.assertEqual(len(self.client.get("/api/copies/").json()["copies"]), 1)
        self.assertEqual(len(self.client.get(f"/api/exams/{self.exam.pk}/copies/").json()["copies"]), 1)
        self.assertEqual(self.client.get("/api/exams/").json()["exams"][0]["copies"], 1)

    def test_what_only_calls_itself_a_pdf_is_refused(self):
        response = self.upload(SimpleUploadedFile("scan.pdf", b"<html>", "application/pdf"))
        self.assertEqual(response.status_code, 400)
        self.assertEqual(response.json()["errors"]["file"], ["This is not a PDF file."])
        self.assertFalse(Copy.objects.exists())

    @override_settings(MAX_UPLOAD_BYTES=10)
    def test_what_is_too_large_is_refused(self):
        self.assertEqual(self.upload(pdf()).status_code, 400)

    def test_an_upload_while_the_queue_is_away_is_accepted_and_waits(self):
        for error in (OperationalError("refused"), RedisError("OOM command not allowed")):
            away = mock.patch.object(process_copy, "delay", side_effect=error)
            with self.subTest(error), away, self.assertLogs("exams.tasks", "WARNING"):
                response = self.upload(pdf())
            self.assertEqual((response.status_code, response.json()["status"]), (202, "pending"))
            self.assertIsNone(Copy.objects.get(pk=response.json()["id"]).queued_at)

    def test_a_copy_that_is_not_there_is_404(self):
        self.assertEqual(self.client.get("/api/copies/0/").status_code, 404)

    def test_a_grade_given_again_is_a_correction(self):
        copy = Copy.objects.create(exam=self.exam, student="Amira")
        path = f"/api/copies/{copy.pk}/grades/"
        self.assertEqual(self.post(path, {"exercise": "1a", "points": 2}).status_code, 201)
        self.assertEqual(self.post(path, {"exercise": "1a", "points": "2.5", "comment": "see page 2"}).status_code, 201)
        self.assertEqual(self.post(path, {"exercise": "1b", "points": -1}).status_code, 400)
        grades = self.client.get(path).json()["grades"]
        self.assertEqual([(grade["exercise"], grade["points"]) for grade in grades], [("1a", "2.50")])

    def test_what_is_written_is_told_in_one_line_each_without_names_or_grades(self):
        with self.assertLogs("audit", "INFO") as logs:
            copy = self.upload(pdf()).json()["id"]
            self.post(f"/api/copies/{copy}/grades/", {"exercise": "1a", "points": 2, "comment": "well done"})
        told = [(line.getMessage(), line.fields["user"], line.fields["copy"]) for line in logs.records]
        self.assertEqual(told, [("copy.upload", "samia", copy), ("grade.save", "samia", copy)])
        self.assertNotIn("Amira", str([line.fields for line in logs.records]))


@override_settings(MEDIA_ROOT=tempfile.mkdtemp())
class OfOthers(TestCase):
    def setUp(self):
        self.exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        self.copy = Copy.objects.create(exam=self.exam, student="Amira", file=pdf())
        self.exam.teachers.add(User.objects.create_user("samia"))
        self.paths = [
            f"/api/exams/{self.exam.pk}/copies/",
            f"/api/copies/{self.copy.pk}/",
            f"/api/copies/{self.copy.pk}/grades/",
            self.copy.file.url,
        ]

    def test_nothing_is_seen_without_signing_in(self):
        for path in ["/api/exams/", "/api/copies/", *self.paths]:
            with self.subTest(path):
                response = self.client.get(path)
                self.assertEqual((response.status_code, response["Cache-Control"]), (401, "no-store"))
                self.assertNotIn(b"Amira", response.content)

    def test_nothing_is_seen_by_a_teacher_of_another_exam_nor_by_an_administrator(self):
        for user in (User.objects.create_user("karim"), User.objects.create_superuser("root")):
            self.client.force_login(user)
            self.assertEqual(self.client.get("/api/exams/").json(), {"exams": []})
            self.assertEqual(self.client.get("/api/copies/").json(), {"copies": []})
            for path in self.paths[:3]:
                with self.subTest(path, user=user):
                    self.assertEqual(self.client.get(path).status_code, 404)

    def test_nothing_is_changed_by_a_teacher_of_another_exam(self):
        self.client.force_login(User.objects.create_user("karim"))
        upload = self.client.post(self.paths[0], {"student": "Zoé", "file": pdf()})
        grade = self.client.post(self.paths[2], {"exercise": "1a", "points": 20}, content_type="application/json")
        self.assertEqual([upload.status_code, grade.status_code], [404, 404])
        self.assertEqual((Copy.objects.count(), self.copy.grades.count()), (1, 0))

    def test_an_exam_is_its_makers_from_then_on(self):
        self.client.force_login(User.objects.create_user("karim"))
        self.client.post("/api/exams/", {"title": "Geometry", "date": "2026-06-16"}, content_type="application/json")
        self.assertEqual([exam["title"] for exam in self.client.get("/api/exams/").json()["exams"]], ["Geometry"])
