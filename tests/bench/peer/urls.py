"""The addresses of the small site: the pages of django-plans."""

from django.urls import include, path

urlpatterns = [path("plan/", include("plans.urls"))]
