from uuid import uuid4

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.fields.files import FieldFile


class ExamSet(models.QuerySet):
    def of(self, user: AbstractBaseUser) -> "ExamSet":
        return self.filter(teachers=user)


class Exam(models.Model):
    title = models.CharField(max_length=200)
    date = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    # Who sees it at all, with its copies and grades. Who made it is one of them, the admin adds others.
    teachers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="exams", blank=True)

    objects = ExamSet.as_manager()

    class Meta:
        ordering = ["-date", "-id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.date})"


def copy_path(copy: "Copy", filename: str) -> str:
    """A name that can neither be guessed nor clash, whatever the scanner called the file."""
    return f"copies/{uuid4()}.pdf"


def is_pdf(file: FieldFile) -> None:
    magic = file.read(5)
    file.seek(0)
    if magic != b"%PDF-":
        raise ValidationError("This is not a PDF file.", code="not-pdf")


def fits(file: FieldFile) -> None:
    if file.size > settings.MAX_UPLOAD_BYTES:
        raise ValidationError(f"At most {settings.MAX_UPLOAD_BYTES // 1024**2} MB.", code="too-large")


class CopySet(models.QuerySet):
    def of(self, user: AbstractBaseUser) -> "CopySet":
        return self.filter(exam__teachers=user)


class Copy(models.Model):
    """A pupil's paper, as it was scanned."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PROCESSED = "processed"
        FAILED = "failed"

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="copies")
    student = models.CharField(max_length=100)
    file = models.FileField(upload_to=copy_path, validators=[fits, is_pdf])
    uploaded_at = models.DateTimeField(auto_now_add=True)
    # When the queue last had it; none while it waits for the queue to come back.
    queued_at = models.DateTimeField(null=True, editable=False)

    # What the worker finds out.
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING, editable=False)
    pages = models.PositiveIntegerField(null=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False)
    checksum = models.CharField(max_length=64, blank=True, editable=False)
    error = models.CharField(max_length=200, blank=True, editable=False)
    processed_at = models.DateTimeField(null=True, editable=False)

    objects = CopySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        verbose_name_plural = "copies"

    def __str__(self) -> str:
        return f"{self.student}, {self.exam}"


class Grade(models.Model):
    copy = models.ForeignKey(Copy, models.CASCADE, related_name="grades")
    exercise = models.CharField(max_length=50)
    points = models.DecimalField(max_digits=5, decimal_places=2, validators=[MinValueValidator(0)])
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["exercise"]
        constraints = [models.UniqueConstraint(fields=["copy", "exercise"], name="one_grade_per_exercise")]

    def __str__(self) -> str:
        return f"{self.exercise}: {self.points}"
