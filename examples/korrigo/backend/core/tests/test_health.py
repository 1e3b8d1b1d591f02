from io import StringIO
from unittest import mock

from django.core.management import call_command
from django.db import connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings

from config.celery import ALIVE, touch_alive
from core import health


class Live(SimpleTestCase):
    def test_answers_without_a_database(self):
        # A SimpleTestCase may not touch one.
        response = self.client.get("/api/health/live/")
        self.assertEqual((response.status_code, response.json()), (200, {"status": "live"}))

    def test_may_not_be_cached(self):
        self.assertIn("no-store", self.client.get("/api/health/live/")["Cache-Control"])


class Version(SimpleTestCase):
    @override_settings(RELEASE_COMMIT="abc123")
    def test_is_the_commit_that_the_image_was_built_from(self):
        self.assertEqual(self.client.get("/api/version/").json(), {"commit": "abc123"})


class Ready(TestCase):
    def test_names_every_check(self):
        response = self.client.get("/api/health/ready/")
        self.assertEqual(response.json(), {"status": "ready", "checks": {"database": "ok", "redis": "ok", "migrations": "ok"}})
        self.assertEqual(response.status_code, 200)

    @override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    def test_is_503_without_redis_and_does_not_tell_strangers_its_address(self):
        with self.assertLogs("core.health", "WARNING") as logs:
            response = self.client.get("/api/health/ready/")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.json()["checks"], {"database": "ok", "redis": "ConnectionError", "migrations": "ok"})
        self.assertIn("127.0.0.1:1", logs.output[0])

    def test_is_503_without_a_database(self):
        def away() -> str:
            raise ConnectionError("refused")

        with mock.patch.dict(health.CHECKS, database=away), self.assertLogs("core.health", "WARNING"):
            response = self.client.get("/api/health/ready/")
        self.assertEqual((response.status_code, response.json()["checks"]["database"]), (503, "ConnectionError"))


class ReadyWithPendingMigrations(TransactionTestCase):
    def setUp(self):
        call_command("migrate", "exams", "zero", stdout=StringIO())
        self.addCleanup(call_command, "migrate", stdout=StringIO())

    def test_is_503_and_says_which(self):
        response = self.client.get("/api/health/ready/")
        self.assertEqual(response.status_code, 503)
        self.assertIn("exams.0001_initial", response.json()["checks"]["migrations"])


class ReadyOnANewerSchema(TestCase):
    def test_is_200_because_that_is_what_a_rollback_leaves(self):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('exams', '9999_future', now())")
        self.assertEqual(self.client.get("/api/health/ready/").status_code, 200)


class CeleryAlive(SimpleTestCase):
    def test_each_heartbeat_leaves_a_fresh_file(self):
        ALIVE.unlink(missing_ok=True)
        touch_alive()
        self.addCleanup(ALIVE.unlink)
        self.assertTrue(ALIVE.exists())
