import os
import subprocess
import sys
import tempfile
from unittest import mock

from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from core import env


class Environment(SimpleTestCase):
    @mock.patch.dict(os.environ, {"HOSTS": " a.example, ,b.example"})
    def test_a_list_is_split_at_commas(self):
        self.assertEqual(env.listing("HOSTS"), ["a.example", "b.example"])

    def test_a_flag_is_true_for_the_words_people_use(self):
        for value, expected in {"True": True, "1": True, "on": True, "False": False, "0": False, "": False}.items():
            with self.subTest(value), mock.patch.dict(os.environ, {"FLAG": value}):
                self.assertIs(env.flag("FLAG"), expected)

    def test_a_choice_is_the_first_unless_another_is_named(self):
        for value, expected in {"": "teachers", "public": "public"}.items():
            with self.subTest(value), mock.patch.dict(os.environ, {"ACCESS": value}):
                self.assertEqual(env.one_of("ACCESS", "teachers", "public"), expected)

    @mock.patch.dict(os.environ, {"ACCESS": "Public"})
    def test_a_choice_that_is_none_of_them_says_which_there_are(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "ACCESS is 'Public'. It can be teachers, public."):
            env.one_of("ACCESS", "teachers", "public")

    @mock.patch.dict(os.environ, {"EMPTY": ""})
    def test_a_required_one_that_is_empty_says_what_to_do(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "EMPTY is not set. Put one there."):
            env.required("EMPTY", "Put one there.")


class ProductionSettings(SimpleTestCase):
    def test_without_a_secret_key_nothing_starts(self):
        run = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DEBUG": "False", "SECRET_KEY": ""},
            capture_output=True,
            text=True,
        )
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("SECRET_KEY is not set", run.stderr)

    def test_keep_papers_for_teachers_unless_told_otherwise(self):
        told = {name: value for name, value in os.environ.items() if name != "MEDIA_ACCESS"}
        code = "from config import settings; print(settings.MEDIA_ACCESS)"
        run = subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=told, capture_output=True, text=True)
        self.assertEqual(run.stdout, "teachers\n")


class Secrets(SimpleTestCase):
    def test_may_be_files_whose_last_line_ends(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("a b\n")
            file.flush()
            with mock.patch.dict(os.environ, {"TOKEN_FILE": file.name}):
                self.assertEqual(env.secret("TOKEN"), "a b")
                with mock.patch.dict(os.environ, {"TOKEN": "c"}):
                    self.assertEqual(env.secret("TOKEN"), "c")

    def test_whose_file_cannot_be_read_say_so(self):
        with mock.patch.dict(os.environ, {"TOKEN_FILE": "/no/such"}):
            with self.assertRaisesMessage(ImproperlyConfigured, "TOKEN_FILE cannot be read"):
                env.secret("TOKEN")


class CacheWithoutRedis(SimpleTestCase):
    @override_settings(CACHES={"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}})
    def test_is_a_cache_without_anything_in_it(self):
        cache = caches["default"]
        cache.set("key", 1)
        self.assertIsNone(cache.get("key"))
