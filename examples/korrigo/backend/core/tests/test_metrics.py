import os
import subprocess
import sys
import tempfile

from django.conf import settings
from django.test import SimpleTestCase, TestCase, override_settings
from prometheus_client.parser import text_string_to_metric_families

from config.celery import app
from core import metrics

TOKEN = {"x-metrics-token": "right"}


def parsed(text: str) -> dict[tuple, float]:
    """Name and labels → value."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@override_settings(METRICS_TOKEN="right")
class Page(TestCase):
    def read(self) -> dict[tuple, float]:
        return parsed(self.client.get("/metrics", headers=TOKEN).content.decode())

    def test_is_403_without_the_token(self):
        for headers in ({}, {"x-metrics-token": "wrong"}, {"authorization": "Bearer wrong"}, {"x-metrics-token": "é"}):
            with self.subTest(headers=headers):
                response = self.client.get("/metrics", headers=headers)
                self.assertEqual((response.status_code, response.content), (403, b"Forbidden\n"))

    def test_takes_the_token_of_the_specification_and_that_of_prometheus(self):
        for headers in (TOKEN, {"authorization": "Bearer right"}):
            with self.subTest(headers=headers):
                self.assertEqual(self.client.get("/metrics", headers=headers).status_code, 200)

    @override_settings(METRICS_TOKEN="")
    def test_is_closed_when_no_token_was_set(self):
        for headers in ({}, {"x-metrics-token": ""}, {"authorization": "Bearer "}):
            with self.subTest(headers=headers):
                self.assertEqual(self.client.get("/metrics", headers=headers).status_code, 403)

    def test_does_not_mind_by_which_name_it_is_asked_for(self):
        response = self.client.get("/metrics", headers={**TOKEN, "host": "10.0.0.7:8000"})
        self.assertEqual(response.status_code, 200)

    def test_counts_requests_by_route(self):
        name = ("http_requests_total", ("endpoint", "api/copies/<int:copy_id>/"), ("method", "GET"), ("status", "401"))
        before = self.read().get(name, 0)
        for copy_id in range(1, 6):
            self.client.get(f"/api/copies/{copy_id}/")
        after = self.read()
        self.assertEqual(after[name] - before, 5)
        seconds = ("http_request_duration_seconds_count", ("endpoint", "api/copies/<int:copy_id>/"), ("method", "GET"))
        self.assertGreaterEqual(after[seconds], 5)

    def test_has_as_many_series_after_a_thousand_paths_as_before(self):
        self.client.get("/no/such/page/")
        self.client.generic("MADE-UP", "/no/such/page/")
        before = len(self.read())
        for number in range(1000):
            self.client.get(f"/no/such/page/{number}/")
        for number in range(20):
            self.client.generic(f"MADE-UP-{number}", "/no/such/page/")
        self.assertEqual(len(self.read()), before)

    def test_tells_how_long_the_queue_is(self):
        names = {name for name, *_ in self.read()}
        self.assertLessEqual({"celery_queue_length", "celery_tasks_unacknowledged", "korrigo_build_info"}, names)

    @override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    def test_says_nothing_of_the_queue_when_redis_is_away_and_the_rest_all_the_same(self):
        names = {name for name, *_ in self.read()}
        self.assertNotIn("celery_queue_length", names)
        self.assertIn("korrigo_build_info", names)


@override_settings(METRICS_TOKEN="right")
class Worker(SimpleTestCase):
    def ask(self, **headers: str) -> tuple[str, str]:
        statuses = []
        body = metrics.answer(headers, lambda status, headers: statuses.append(status))
        return statuses[0], b"".join(body).decode()

    def test_wants_the_token_too(self):
        self.assertEqual(self.ask(), ("403 Forbidden", "Forbidden\n"))
        self.assertEqual(self.ask(HTTP_AUTHORIZATION="Bearer right")[0], "200 OK")

    def test_counts_tasks_by_name_and_outcome(self):
        task = app.tasks["exams.tasks.process_copy"]
        count = ("celery_tasks_total", ("outcome", "failed"), ("task", task.name))
        waited = ("celery_task_wait_seconds_count", ("task", task.name))
        before = parsed(self.ask(HTTP_X_METRICS_TOKEN="right")[1])
        message: dict = {}
        metrics.stamp(message)
        task.push_request(**message)
        self.addCleanup(task.pop_request)
        metrics.begin(task)
        metrics.end(task, state="FAILURE")
        after = parsed(self.ask(HTTP_X_METRICS_TOKEN="right")[1])
        self.assertEqual(after[count] - before.get(count, 0), 1)
        self.assertEqual(after[waited] - before.get(waited, 0), 1)


class SeveralProcesses(SimpleTestCase):
    def test_are_added_up_and_one_that_takes_anothers_place_goes_on_counting(self):
        begin = "import django; django.setup(); from core import metrics; "
        count = begin + "metrics.use_slot('{0}'); metrics.copies_total.labels('processed').inc({1})"
        show = begin + "print(metrics.exposition().decode())"
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}

            def python(code: str) -> str:
                done = subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            for place, number in (("web-0", 1), ("web-1", 2), ("web-0", 4)):
                python(count.format(place, number))
            self.assertEqual(sorted(os.listdir(folder)), ["counter_web-0.db", "counter_web-1.db"])
            self.assertIn('korrigo_copies_total{outcome="processed"} 7.0', python(show))
