from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError
from django.test import TestCase

from exams.models import Copy, Exam, Grade, copy_path


class Models(TestCase):
    def setUp(self):
        self.exam = Exam.objects.create(title="Algebra", date=date(2026, 6, 15))
        self.copy = Copy.objects.create(exam=self.exam, student="Amira")

    def test_name_themselves(self):
        self.assertEqual(str(self.copy), "Amira, Algebra (2026-06-15)")

    def test_a_copy_begins_as_pending(self):
        self.assertEqual((self.copy.status, self.copy.pages, self.copy.checksum), ("pending", None, ""))

    def test_a_path_cannot_be_guessed_from_the_file_name(self):
        self.assertRegex(copy_path(self.copy, "../amira.exe"), r"^copies/[0-9a-f-]{36}\.pdf$")
        self.assertNotEqual(copy_path(self.copy, "a.pdf"), copy_path(self.copy, "a.pdf"))

    def test_an_exercise_has_one_grade(self):
        Grade.objects.create(copy=self.copy, exercise="1a", points=Decimal("2.5"))
        with self.assertRaises(IntegrityError):
            Grade.objects.create(copy=self.copy, exercise="1a", points=Decimal("3"))

    def test_points_are_not_negative(self):
        with self.assertRaises(ValidationError):
            Grade(copy=self.copy, exercise="1a", points=Decimal("-1")).full_clean()

    def test_have_no_change_without_a_migration(self):
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)
