import hashlib
import tempfile
import time
from datetime import date, timedelta
from unittest import mock

from billiard.exceptions import WorkerLostError
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Reject, SoftTimeLimitExceeded
from celery.signals import task_failure
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueAway

from config.celery import app
from exams.models import Copy, Exam
from exams.sweep import sweep
from exams.tasks import process_copy
from exams.tests.pdf import pdf

media = override_settings(MEDIA_ROOT=tempfile.mkdtemp())


def copy_of(file: SimpleUploadedFile) -> Copy:
    exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
    return Copy.objects.create(exam=exam, student="Amira", file=file)


@media
class ProcessCopy(TestCase):
    def test_finds_pages_size_and_checksum(self):
        file = pdf(pages=3)
        content = file.read()
        copy = copy_of(file)
        process_copy(copy.pk)
        copy.refresh_from_db()
        self.assertEqual((copy.status, copy.pages, copy.size), ("processed", 3, len(content)))
        self.assertEqual(copy.checksum, hashlib.sha256(content).hexdigest())
        self.assertIsNotNone(copy.processed_at)

    def test_says_why_a_broken_pdf_failed(self):
        copy = copy_of(SimpleUploadedFile("scan.pdf", b"%PDF-1.7\ncut off"))
        process_copy(copy.pk)
        copy.refresh_from_db()
        self.assertEqual((copy.status, copy.pages), ("failed", None))
        self.assertIn("PdfStreamError", copy.error)

    def test_says_so_when_it_takes_too_long(self):
        copy = copy_of(pdf())
        with mock.patch("exams.tasks.PdfReader", side_effect=SoftTimeLimitExceeded):
            process_copy(copy.pk)
        copy.refresh_from_db()
        self.assertEqual((copy.status, copy.error), ("failed", "SoftTimeLimitExceeded()"))

    def test_goes_back_to_the_queue_without_a_database(self):
        for error in (OperationalError, InterfaceError, ProgrammingError, SoftTimeLimitExceeded):
            with self.subTest(error), mock.patch("core.patience.PAUSE", 0), mock.patch.object(Copy, "objects") as objects:
                objects.filter.side_effect = error
                with self.assertRaises(Reject) as raised:
                    process_copy(1)
                self.assertIs(raised.exception.requeue, True)

    def test_that_was_killed_leaves_word(self):
        copy = copy_of(pdf())
        killed = WorkerLostError("signal 9 (SIGKILL)")
        task_failure.send(sender=app.tasks["exams.tasks.process_copy"], args=(copy.pk,), exception=killed)
        copy.refresh_from_db()
        self.assertEqual((copy.status, copy.error), ("failed", "WorkerLostError('signal 9 (SIGKILL)')"))

    def test_does_not_mind_a_copy_that_was_deleted_meanwhile(self):
        process_copy(0)


@media
class ThroughTheQueue(TransactionTestCase):
    """The real broker, and a real worker in a thread: it has its own connection, so nothing may hide in a transaction."""

    def test_an_upload_comes_back_processed(self):
        exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        teacher = User.objects.create_user("samia")
        exam.teachers.add(teacher)
        self.client.force_login(teacher)
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
            copy_id = self.client.post(f"/api/exams/{exam.pk}/copies/", {"student": "Amira", "file": pdf()}).json()["id"]
            deadline = time.monotonic() + 20
            while (copy := self.client.get(f"/api/copies/{copy_id}/").json())["status"] == "pending":
                self.assertLess(time.monotonic(), deadline, "the worker did not answer within 20 s")
                time.sleep(0.05)
        self.assertEqual((copy["status"], copy["pages"]), ("processed", 2))


@media
class Sweep(TestCase):
    def setUp(self):
        exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        now = timezone.now()
        for student, status, queued_at, uploaded_at in (
            ("handed in while the queue was away", "pending", None, now - timedelta(minutes=1)),
            ("in a queue that was lost", "pending", now - timedelta(hours=2), now - timedelta(hours=2)),
            ("in the queue", "pending", now, now - timedelta(minutes=1)),
            ("being answered", "pending", None, now),
            ("done", "processed", None, now - timedelta(days=1)),
            ("given up", "failed", None, now - timedelta(days=1)),
        ):
            copy = Copy.objects.create(exam=exam, student=student, status=status, queued_at=queued_at)
            Copy.objects.filter(pk=copy.pk).update(uploaded_at=uploaded_at)

    def test_hands_in_what_waits_and_is_in_no_queue_once(self):
        with mock.patch.object(process_copy, "delay") as delay:
            self.assertEqual([sweep(), sweep()], [2, 0])
        queued = {Copy.objects.get(pk=call.args[0]).student for call in delay.call_args_list}
        self.assertEqual(queued, {"handed in while the queue was away", "in a queue that was lost"})

    def test_gives_up_at_the_first_one_while_the_queue_is_away(self):
        with mock.patch.object(process_copy, "delay", side_effect=QueueAway("refused")) as delay:
            with self.assertLogs("exams.tasks", "WARNING"):
                self.assertEqual(sweep(), 0)
        self.assertEqual(delay.call_count, 1)
