import json
import logging
import tempfile
import time
from datetime import date

from celery.contrib.testing.worker import start_worker
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import RequestFactory, SimpleTestCase, TransactionTestCase, override_settings

from config.celery import app
from core import request_id
from core.logs import JsonFormatter
from exams.models import Exam
from exams.tests.pdf import pdf


class RequestId(SimpleTestCase):
    def ask(self, given: str | None) -> tuple[str, str | None]:
        """What the answer carries, and what was current while it was made."""
        seen = []
        handle = request_id.middleware(lambda request: seen.append(request_id.current.get()) or HttpResponse())
        headers = {} if given is None else {"x-request-id": given}
        return handle(RequestFactory().get("/", headers=headers))["X-Request-ID"], seen[0]

    def test_is_the_one_that_nginx_gave(self):
        self.assertEqual(self.ask("a1b2"), ("a1b2", "a1b2"))

    def test_is_a_new_one_when_there_is_none_or_it_could_forge_a_log_line(self):
        for given in (None, "", 'a","level":"ERROR', "a b", "a\nb", "é", "x" * 65):
            with self.subTest(given=given):
                answered, seen = self.ask(given)
                self.assertRegex(answered, "^[0-9a-f]{32}$")
                self.assertEqual(answered, seen)

    def test_ends_with_the_request(self):
        self.ask("a1b2")
        self.assertIsNone(request_id.current.get())

    def test_is_in_what_is_logged_meanwhile(self):
        token = request_id.current.set("a1b2")
        self.addCleanup(request_id.current.reset, token)
        record = logging.LogRecord("exams", logging.INFO, __file__, 1, "hello", (), None)
        self.assertEqual(json.loads(JsonFormatter().format(record))["request_id"], "a1b2")

    def test_is_in_gunicorns_line_about_the_request(self):
        atoms = {"m": "GET", "U": "/", "s": "200", "B": 12, "M": 3, "h": "10.0.0.1", "{x-request-id}o": "a1b2"}
        record = logging.LogRecord("gunicorn.access", logging.INFO, __file__, 1, "", (atoms,), None)
        self.assertEqual(json.loads(JsonFormatter().format(record))["request_id"], "a1b2")


@override_settings(MEDIA_ROOT=tempfile.mkdtemp())
class ThroughTheQueue(TransactionTestCase):
    def test_a_task_has_that_of_the_request_that_queued_it(self):
        exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        teacher = User.objects.create_user("samia")
        exam.teachers.add(teacher)
        self.client.force_login(teacher)
        seen = []
        remember = logging.Handler()
        remember.emit = lambda record: seen.append((record.getMessage(), request_id.current.get()))
        log = logging.getLogger("exams.tasks")
        before = (log.level, log.propagate)
        log.level, log.propagate = logging.INFO, False
        log.addHandler(remember)
        self.addCleanup(log.removeHandler, remember)
        self.addCleanup(lambda: (setattr(log, "level", before[0]), setattr(log, "propagate", before[1])))
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
            body = {"student": "Amira", "file": pdf()}
            self.client.post(f"/api/exams/{exam.pk}/copies/", body, headers={"x-request-id": "a1b2"})
            deadline = time.monotonic() + 20
            while len(seen) < 2:
                self.assertLess(time.monotonic(), deadline, "the worker did not answer within 20 s")
                time.sleep(0.05)
        self.assertEqual([given for _, given in seen], ["a1b2", "a1b2"])
        self.assertEqual([text.split(": ")[1] for text, _ in sorted(seen)], ["2 pages", "queued"])
