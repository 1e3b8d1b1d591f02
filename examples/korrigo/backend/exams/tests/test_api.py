import tempfile
from datetime import date
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from kombu.exceptions import OperationalError

from config.celery import app
from exams.models import Copy, Exam
from exams.tasks import process_copy
from exams.tests.pdf import pdf


@override_settings(MEDIA_ROOT=tempfile.mkdtemp())
class Api(TestCase):
    def setUp(self):
        app.conf.task_always_eager = True
        self.addCleanup(setattr, app.conf, "task_always_eager", False)
        self.exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))

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

    def test_an_upload_while_the_queue_is_away_is_kept_and_says_so(self):
        away = mock.patch.object(process_copy, "delay", side_effect=OperationalError("refused"))
        with away, self.assertLogs("exams.tasks", "ERROR"):
            response = self.upload(pdf())
        self.assertEqual((response.status_code, response.json()["status"]), (503, "failed"))

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

    def test_a_write_that_another_site_causes_is_refused(self):
        body = {"title": "Geometry", "date": "2026-06-16"}
        for headers, expected in (
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"origin": "https://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"origin": "http://testserver"}, 201),
            ({"sec-fetch-site": "same-origin"}, 201),
            ({}, 201),
        ):
            with self.subTest(headers=headers):
                self.assertEqual(self.post("/api/exams/", body, headers=headers).status_code, expected)
