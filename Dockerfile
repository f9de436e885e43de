# Two stages: the first builds the environment, the second holds it and the sources, nothing else.
FROM python:3.12-slim AS build
WORKDIR /srv/almanac
COPY .ci/uv.lock .ci/uv.lock
COPY requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r .ci/uv.lock \
 && VIRTUAL_ENV=/srv/almanac/.venv .venv/bin/uv pip install --no-cache --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY templates templates
COPY static static
RUN VIRTUAL_ENV=/srv/almanac/.venv .venv/bin/uv pip install --no-cache --no-deps --no-build-isolation -e .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/almanac almanac
COPY --from=build /srv/almanac /srv/almanac
WORKDIR /srv/almanac
ENV PATH=/srv/almanac/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ALMANAC_DATA_DIR=/var/lib/almanac
USER almanac
VOLUME /var/lib/almanac
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Migrates, loads the embedded catalog into an empty database, makes the first admin, and serves.
CMD ["python", "-m", "app.start", "--host", "0.0.0.0", "--port", "8000"]
