"""Fusebox in web frameworks, HTTP clients and Celery. Each module needs the package that it is named after."""
