# The proxy with the mappings of /mappings: mount yours there. It listens on all addresses, so that each
# mapping needs a secret or an `allow` list.
#
#   docker build -t ticketbridge .
#   docker run --read-only -p 8080:8080 -v "$PWD/mappings:/mappings:ro" --env-file .env ticketbridge

FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY mappings/demo.yaml ./mappings/demo.yaml
RUN python -m venv /opt/ticketbridge \
 && /opt/ticketbridge/bin/pip install --no-cache-dir --no-compile .

FROM python:3.13-slim
COPY --from=build /opt/ticketbridge /opt/ticketbridge
ENV PATH=/opt/ticketbridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TICKETBRIDGE_HOST=0.0.0.0 \
    TICKETBRIDGE_PORT=8080 \
    TICKETBRIDGE_MAPPINGS=/mappings
# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"TICKETBRIDGE_PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["ticketbridge"]
CMD ["serve"]
