from django.urls import path

from exams import api

urlpatterns = [
    path("exams/", api.exams),
    path("exams/<int:exam_id>/copies/", api.exam_copies),
    path("copies/", api.copies),
    path("copies/<int:copy_id>/", api.copy_detail),
    path("copies/<int:copy_id>/grades/", api.grades),
]
