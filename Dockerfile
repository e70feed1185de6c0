# syntax=docker/dockerfile:1

FROM ghcr.io/astral-sh/uv:0.13.0 AS uv

FROM python:3.13.14-slim-trixie AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/strata \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# Dependencies have a layer of their own, because they change less often than the code.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --locked --no-default-groups --no-install-project
COPY app app
COPY versions versions
COPY observability observability
COPY contracts contracts
RUN uv sync --locked --no-default-groups --no-editable

FROM python:3.13.14-slim-trixie
LABEL org.opencontainers.image.title="Strata" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 strata \
    && useradd --system --uid 10001 --gid strata --no-create-home --shell /usr/sbin/nologin strata
COPY --from=build /opt/strata /opt/strata
ENV PATH=/opt/strata/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STRATA_ENVIRONMENT=production \
    STRATA_HOME=/tmp/strata \
    STRATA_HTTP__HOST=0.0.0.0 \
    STRATA_HTTP__PORT=8000
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["strata"]
CMD ["serve"]
