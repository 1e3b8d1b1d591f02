"""The JSON API. Django's model forms validate input, plain functions build the output.

Users see the exams they teach, and nothing else: other teachers' exams are a 404, as if they did not exist.
"""

from django.db import transaction
from django.db.models import Count
from django.forms import ModelForm, modelform_factory
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from accounts.guard import signed_in
from core.audit import audit
from core.body import json_body
from exams.models import Copy, Exam, Grade
from exams.tasks import enqueue

ExamForm = modelform_factory(Exam, fields=["title", "date"])
CopyForm = modelform_factory(Copy, fields=["student", "file"])
GradeForm = modelform_factory(Grade, fields=["exercise", "points", "comment"])


@signed_in
@require_http_methods(["GET", "POST"])
def exams(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        form = ExamForm(json_body(request))
        if not form.is_valid():
            return refused(form)
        with transaction.atomic():
            exam = form.save()
            exam.teachers.add(request.user)
        audit(request, "exam.create", exam=exam.pk)
        return created(exam_json(exam))
    # A query that counts does not keep the model's ordering.
    counted = Exam.objects.of(request.user).annotate(copy_count=Count("copies")).order_by(*Exam._meta.ordering)
    return JsonResponse({"exams": [exam_json(exam) for exam in counted]})


@signed_in
@require_http_methods(["GET", "POST"])
def exam_copies(request: HttpRequest, exam_id: int) -> JsonResponse:
    """POST takes multipart/form-data: student, and file (a PDF). 201: queued; 202: will be queued."""
    exam = get_object_or_404(Exam.objects.of(request.user), pk=exam_id)
    if request.method == "POST":
        form = CopyForm(request.POST, request.FILES, instance=Copy(exam=exam))
        if not form.is_valid():
            return refused(form)
        copy = form.save()
        audit(request, "copy.upload", exam=exam.pk, copy=copy.pk)
        is_queued = enqueue(copy)
        copy.refresh_from_db()
        return JsonResponse(copy_json(copy), status=201 if is_queued else 202)
    audit(request, "copies.read", exam=exam.pk)
    return JsonResponse({"copies": [copy_json(copy) for copy in exam.copies.all()]})


@signed_in
@require_safe
def copies(request: HttpRequest) -> JsonResponse:
    audit(request, "copies.read")
    return JsonResponse({"copies": [copy_json(copy) for copy in Copy.objects.of(request.user)]})


@signed_in
@require_safe
def copy_detail(request: HttpRequest, copy_id: int) -> JsonResponse:
    copy = get_object_or_404(Copy.objects.of(request.user), pk=copy_id)
    audit(request, "copy.read", copy=copy.pk)
    return JsonResponse(copy_json(copy))


@signed_in
@require_http_methods(["GET", "POST"])
def grades(request: HttpRequest, copy_id: int) -> JsonResponse:
    copy = get_object_or_404(Copy.objects.of(request.user), pk=copy_id)
    if request.method == "POST":
        form = GradeForm(json_body(request))
        if not form.is_valid():
            return refused(form)
        marks = form.cleaned_data
        # The same exercise graded again is a correction, not a second grade.
        grade, _ = copy.grades.update_or_create(exercise=marks.pop("exercise"), defaults=marks)
        audit(request, "grade.save", copy=copy.pk, grade=grade.pk)
        return created(grade_json(grade))
    audit(request, "grades.read", copy=copy.pk)
    return JsonResponse({"grades": [grade_json(grade) for grade in copy.grades.all()]})


def created(body: dict) -> JsonResponse:
    return JsonResponse(body, status=201)


def refused(form: ModelForm) -> JsonResponse:
    return JsonResponse({"errors": form.errors}, status=400)


def exam_json(exam: Exam) -> dict:
    return {"id": exam.pk, "title": exam.title, "date": exam.date, "copies": getattr(exam, "copy_count", 0)}


def copy_json(copy: Copy) -> dict:
    return {
        "id": copy.pk,
        "exam": copy.exam_id,
        "student": copy.student,
        "file": copy.file.url,
        "status": copy.status,
        "pages": copy.pages,
        "size": copy.size,
        "checksum": copy.checksum,
        "error": copy.error,
        "uploaded_at": copy.uploaded_at,
    }


def grade_json(grade: Grade) -> dict:
    return {"id": grade.pk, "exercise": grade.exercise, "points": grade.points, "comment": grade.comment}
