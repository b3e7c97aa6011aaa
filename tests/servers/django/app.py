"""A usual Django REST Framework backend: two kinds of pagination, and what its model view sets make of themselves.

    python app.py --openapi                       prints its document, as drf-spectacular makes it
    python app.py --port 8000 --database app.db   serves, until standard input ends
"""

import argparse
import os
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings

arguments = argparse.ArgumentParser()
arguments.add_argument("--openapi", action="store_true")
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--database", default="app.db")
given = arguments.parse_args()

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": given.database, "OPTIONS": {"timeout": 30}}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["rest_framework", "drf_spectacular"],
    MIDDLEWARE=["django.middleware.http.ConditionalGetMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import include, path  # noqa: E402
from drf_spectacular.generators import SchemaGenerator  # noqa: E402
from drf_spectacular.renderers import OpenApiJsonRenderer  # noqa: E402
from rest_framework import pagination, routers, serializers, viewsets  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402


class Customer(models.Model):
    name = models.CharField(max_length=80)
    credit = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    active = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "shop"


class Visit(models.Model):
    customer = models.ForeignKey(Customer, related_name="visits", on_delete=models.CASCADE)
    note = models.TextField(blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shop"


class CustomerSerializer(serializers.ModelSerializer):
    shout = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = ["id", "name", "credit", "active", "shout", "created", "modified"]

    def get_shout(self, customer: Customer) -> str:
        return customer.name.upper()


class VisitSerializer(serializers.ModelSerializer):
    class Meta:
        model = Visit
        fields = ["id", "customer", "note", "minutes", "created"]


class Pages(pagination.PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 4


class Newest(pagination.CursorPagination):
    ordering = "-created"
    page_size = 3


saving = threading.Lock()


class OneAtATime(viewsets.ModelViewSet):
    """Saves all columns of the row as it was read: of two updates at the same moment, one would undo the other."""

    def update(self, request: Request, *args: object, **kwargs: object) -> Response:
        with saving:
            return super().update(request, *args, **kwargs)


class Customers(OneAtATime):
    queryset = Customer.objects.order_by("name", "id")
    serializer_class = CustomerSerializer
    pagination_class = Pages


class Visits(OneAtATime):
    queryset = Visit.objects.all()
    serializer_class = VisitSerializer
    pagination_class = Newest


router = routers.DefaultRouter()
router.register("customers", Customers)
router.register("visits", Visits)
urlpatterns = [path("api/", include(router.urls))]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def end_with_the_parent() -> None:
    """Whoever has started this holds its standard input, and may die."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    if given.openapi:
        document = SchemaGenerator().get_schema(request=None, public=True)
        print(OpenApiJsonRenderer().render(document, renderer_context={}).decode())
        return
    with connection.schema_editor() as editor:
        known = connection.introspection.table_names()
        for model in (Customer, Visit):
            if model._meta.db_table not in known:
                editor.create_model(model)
    connection.close()
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    server = Server(("127.0.0.1", given.port), Quiet)
    server.set_app(get_wsgi_application())
    server.serve_forever()


if __name__ == "__main__":
    main()
