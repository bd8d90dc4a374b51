# One image for web, worker, beat and migrate; docker-compose.yml says which is which.
FROM python:3.11-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DATA_ROOT=/data CHECKPOINT_ROOT=/checkpoints FILE_UPLOAD_TEMP_DIR=/data/incoming \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app

# For backup and restore: of the version of the server in docker-compose.yml.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*

# requirements-reports.txt for who has a sink of faults (SENTRY_DSN).
ARG LOCK=requirements.txt
COPY requirements.txt requirements-reports.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r ${LOCK}

RUN useradd --system --uid 10001 bewijskracht \
    && install --directory --owner bewijskracht /data /data/incoming /checkpoints

COPY . ./
# The keys here only let the settings load; an installation brings its own. REDIS_URL makes it a
# school's installation, whose static files have hashed names.
RUN python -m tools.translations --compile \
    && SECRET_KEY=build SEAL_KEY=build INSTALLATION=build LINK_KEY=build REDIS_URL=redis://build \
       python manage.py collectstatic --no-input

USER bewijskracht

EXPOSE 8000
# No access log: addresses hold the links by which people answer without an account.
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "120", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket", "--logger-class", "config.logs.ServerLogger"]
