import json
import logging
import sys

from django.test import SimpleTestCase

from core.logs import JsonFormatter, worth_a_line


def record(name: str, message: str, *args, **more) -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, __file__, 1, message, args, more.get("exc_info"))


def request(path: str, status: str) -> logging.LogRecord:
    return record("gunicorn.access", "", {"m": "GET", "U": path, "s": status, "B": 12, "M": 3, "h": "10.0.0.1"})


class Lines(SimpleTestCase):
    def test_are_one_json_object_each_even_with_line_breaks_in_the_message(self):
        line = JsonFormatter().format(record("exams", "copy %s", "one\ntwo"))
        self.assertNotIn("\n", line)
        self.assertEqual(json.loads(line)["message"], "copy one\ntwo")

    def test_carry_the_traceback(self):
        try:
            raise ValueError("broken")
        except ValueError:
            line = JsonFormatter().format(record("exams", "no", exc_info=sys.exc_info()))
        self.assertIn("ValueError: broken", json.loads(line)["exception"])

    def test_of_requests_have_fields(self):
        entry = json.loads(JsonFormatter().format(request("/api/exams/", "200")))
        self.assertEqual((entry["method"], entry["path"], entry["status"], entry["ms"]), ("GET", "/api/exams/", 200, 3))

    def test_leave_out_healthchecks_that_went_well(self):
        self.assertFalse(worth_a_line(request("/api/health/live/", "200")))
        self.assertTrue(worth_a_line(request("/api/health/live/", "500")))
        self.assertTrue(worth_a_line(request("/api/exams/", "200")))
