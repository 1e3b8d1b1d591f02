import errno
from unittest import mock

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import RequestFactory, SimpleTestCase, TestCase

from core import address
from exams.models import Exam


class WithoutADatabase(TestCase):
    def setUp(self):
        self.client.raise_request_exception = False

    def test_a_view_says_when_to_come_again(self):
        self.client.force_login(User.objects.create_user("samia"))
        for error in (OperationalError("the database system is starting up"), InterfaceError("connection is closed")):
            with self.subTest(error), mock.patch.object(Exam, "objects") as objects:
                objects.of.side_effect = error
                with self.assertLogs("core.availability", "ERROR"):
                    response = self.client.get("/api/exams/")
            self.assertEqual((response.status_code, response["Retry-After"]), (503, "5"))
            self.assertEqual(response["Cache-Control"], "no-store")

    def test_whatever_asks_for_it_first(self):
        self.client.cookies["sessionid"] = "a" * 32
        gone = mock.patch("django.contrib.sessions.backends.cached_db.SessionStore.load", side_effect=OperationalError("gone"))
        with gone, self.assertLogs("core.availability", "ERROR"):
            self.assertEqual(self.client.get("/api/exams/").status_code, 503)

    def test_a_middleware_does_too(self):
        gone = mock.patch("axes.middleware.AxesMiddleware.__call__", side_effect=OperationalError("gone"))
        with gone, self.assertLogs("django.request", "ERROR"):
            response = self.client.get("/api/session/")
        self.assertEqual((response.status_code, response["Retry-After"]), (503, "5"))

    def test_a_full_disk_is_said_to_be_full(self):
        self.client.force_login(User.objects.create_user("samia"))
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch.object(Exam, "objects") as objects, self.assertLogs("core.availability", "ERROR") as logs:
            objects.of.side_effect = full
            response = self.client.get("/api/exams/")
        self.assertEqual(response.status_code, 507)
        self.assertIn("disk is full", response.json()["errors"]["request"][0])
        self.assertIn("the disk is full: [Errno 28] No space left on device", logs.output[0])
        # Where an upload is kept while it comes in.
        with mock.patch("axes.middleware.AxesMiddleware.__call__", side_effect=full), self.assertLogs("django.request", "ERROR"):
            self.assertEqual(self.client.get("/api/session/").status_code, 507)

    def test_a_mistake_of_ours_is_still_one(self):
        self.client.force_login(User.objects.create_user("samia"))
        with mock.patch.object(Exam, "objects") as objects, self.assertLogs("django.request", "ERROR"):
            objects.of.side_effect = ProgrammingError("no such table")
            response = self.client.get("/api/exams/")
        self.assertEqual((response.status_code, response["Content-Type"]), (500, "application/json"))
        self.assertEqual(response.json()["request_id"], response["X-Request-ID"])


class Addresses(SimpleTestCase):
    def test_are_those_that_nginx_saw_and_of_ipv6_a_network_is_one_client(self):
        for given, seen, client in (
            ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("nonsense", "127.0.0.1", "127.0.0.1"),
            ("", "127.0.0.1", "127.0.0.1"),
        ):
            with self.subTest(given):
                request = RequestFactory().get("/", headers={"x-real-ip": given})
                self.assertEqual((address.address(request), address.client(request)), (seen, client))
