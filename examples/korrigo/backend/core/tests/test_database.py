import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.test import SimpleTestCase

from core.database.base import DatabaseWrapper


class APassword(SimpleTestCase):
    def test_is_the_one_of_today_for_each_new_connection(self):
        names = {"NAME": "korrigo", "USER": "", "HOST": "db", "PORT": "", "PASSWORD": "", "PASSWORD_FROM": "DB_PASSWORD"}
        with TemporaryDirectory() as folder:
            file = Path(folder) / "db_password"
            with mock.patch.dict(os.environ, {"DB_PASSWORD": "", "DB_PASSWORD_FILE": str(file)}):
                for password in ("one", "two"):
                    file.write_text(f"{password}\n")
                    self.assertEqual(DatabaseWrapper(names | {"OPTIONS": {}, "TIME_ZONE": None}).get_connection_params()["password"], password)
