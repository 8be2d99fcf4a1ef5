"""Integrations with web frameworks, HTTP clients and Celery. Each module needs the package after which it is named."""
