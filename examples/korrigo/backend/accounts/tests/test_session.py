import json
from threading import BoundedSemaphore
from unittest import mock

from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client, TestCase, override_settings

PASSWORD = "correct horse battery"
PATH = "/api/session/"


# The slow one is the point in production, and here it is a minute.
@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
class Session(TestCase):
    def setUp(self):
        self.addCleanup(cache.clear)
        cache.clear()
        User.objects.create_user("samia", password=PASSWORD, first_name="Samia", last_name="Trabelsi")
        self.browser = Client(enforce_csrf_checks=True)

    def send(self, method: str, path: str, body: object = None, **headers: str):
        request = getattr(self.browser, method)
        return request(path, json.dumps(body), content_type="application/json", headers={"accept": "application/json", **headers})

    def token(self) -> str:
        return self.browser.get(PATH).json()["csrf"]

    def sign_in(self, password: str = PASSWORD, username: str = "samia", address: str = "203.0.113.7"):
        headers = {"x-csrftoken": self.token(), "x-real-ip": address}
        return self.send("post", PATH, {"username": username, "password": password}, **headers)

    def test_says_that_nobody_is_signed_in_and_may_not_be_kept(self):
        response = self.browser.get(PATH)
        self.assertIsNone(response.json()["user"])
        self.assertIn("no-store", response["Cache-Control"])

    def test_begins_with_the_right_password_and_ends(self):
        response = self.sign_in()
        self.assertEqual(response.json()["user"], {"username": "samia", "name": "Samia Trabelsi"})
        cookie = response.cookies["sessionid"]
        self.assertEqual((cookie["httponly"], cookie["samesite"]), (True, "Lax"))
        self.assertEqual(self.browser.get("/api/exams/").status_code, 200)
        self.assertIsNone(self.send("delete", PATH, **{"x-csrftoken": response.json()["csrf"]}).json()["user"])
        self.assertEqual(self.browser.get("/api/exams/").status_code, 401)

    def test_does_not_begin_with_a_wrong_one_nor_with_none_and_does_not_say_which_is_wrong(self):
        answers = [
            self.sign_in("wrong"),
            self.sign_in("wrong", "nobody"),
            self.sign_in("wrong", "a\0b"),
            self.send("post", PATH, ["no"], **{"x-csrftoken": self.token()}),
        ]
        self.assertEqual({(answer.status_code, answer.content) for answer in answers}, {(403, answers[0].content)})

    def test_of_somebody_who_left_does_not_begin(self):
        User.objects.update(is_active=False)
        self.assertEqual(self.sign_in().status_code, 403)

    def test_neither_begins_nor_writes_without_its_token_so_another_site_cannot(self):
        body = {"username": "samia", "password": PASSWORD}
        self.browser.get(PATH)
        refused = self.send("post", PATH, body)
        self.assertEqual(refused.status_code, 403)
        self.assertIn("X-CSRFToken", refused.json()["errors"]["request"][0])
        token = self.sign_in().json()["csrf"]
        exam = {"title": "Geometry", "date": "2026-06-16"}
        self.assertEqual(self.send("post", "/api/exams/", exam).status_code, 403)
        elsewhere = {"x-csrftoken": token, "origin": "https://evil.example"}
        self.assertEqual(self.send("post", "/api/exams/", exam, **elsewhere).status_code, 403)
        self.assertEqual(self.send("post", "/api/exams/", exam, **{"x-csrftoken": token}).status_code, 201)

    def test_is_locked_after_five_failures_from_there_and_from_nowhere_else(self):
        for _ in range(4):
            self.assertEqual(self.sign_in("wrong").status_code, 403)
        locked = self.sign_in("wrong")
        self.assertEqual((locked.status_code, locked["Retry-After"]), (429, "900"))
        self.assertEqual(self.sign_in().status_code, 429)
        self.assertEqual(self.sign_in(address="203.0.113.8").status_code, 200)

    def test_counts_an_ipv6_network_as_one_address(self):
        for number in range(5):
            self.sign_in("wrong", address=f"2001:db8:1:2::{number}")
        self.assertEqual(self.sign_in(address="2001:db8:1:2:ffff::1").status_code, 429)
        self.assertEqual(self.sign_in(address="2001:db8:1:3::1").status_code, 200)

    def test_locks_the_admin_as_well(self):
        User.objects.update(is_staff=True)
        for _ in range(5):
            self.sign_in("wrong")
        page = self.client.post("/admin/login/", {"username": "samia", "password": PASSWORD}, headers={"x-real-ip": "203.0.113.7"})
        self.assertEqual(page.status_code, 429)

    @override_settings(LOGINS_PER_HOUR=10)
    def test_of_one_user_is_tried_so_often_in_an_hour_from_all_addresses_together(self):
        statuses = [self.sign_in("wrong", address=f"203.0.113.{number}").status_code for number in range(12)]
        self.assertEqual(statuses, [403] * 10 + [429] * 2)

    def test_is_told_with_the_address_and_never_with_what_may_be_a_password(self):
        with self.assertLogs("audit", "INFO") as logs:
            self.sign_in("wrong")
            self.sign_in("x", username=PASSWORD)
            self.sign_in()
        told = [(line.getMessage(), line.fields.get("username"), line.fields["client"]) for line in logs.records]
        self.assertEqual(
            told,
            [
                ("session.refused", "samia", "203.0.113.7"),
                ("session.refused", None, "203.0.113.7"),
                ("session.begin", None, "203.0.113.7"),
            ],
        )
        self.assertEqual(logs.records[2].fields["user"], "samia")

    def test_is_not_tried_when_many_wait_already_and_that_is_no_failure(self):
        with mock.patch("accounts.backend.seats", BoundedSemaphore(1)) as seats:
            seats.acquire()
            busy = [self.sign_in() for _ in range(6)]
            seats.release()
            self.assertEqual({(answer.status_code, answer["Retry-After"]) for answer in busy}, {(429, "2")})
            self.assertEqual(self.sign_in().status_code, 200)
            # And it is given back, whatever came of it.
            self.assertEqual([self.sign_in("wrong").status_code, self.sign_in().status_code], [403, 200])

    @override_settings(API_REQUESTS_PER_MINUTE=3)
    def test_has_so_many_requests_in_a_minute(self):
        self.sign_in()
        statuses = {self.browser.get("/api/exams/").status_code for _ in range(8)}
        self.assertEqual(statuses, {200, 429})
