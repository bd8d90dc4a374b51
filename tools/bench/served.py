"""What is served in a measured run: the product, with the reference page."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
settings.ROOT_URLCONF = "tools.bench.reference"
application = get_wsgi_application()
