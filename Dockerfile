# The proxy with the mappings of /mappings: mount yours there. It listens on all addresses, so that each
# mapping needs a secret or an `allow` list.
#
#   docker build -t ticketbridge .
#   docker run --read-only -p 8080:8080 -v "$PWD/mappings:/mappings:ro" --env-file .env ticketbridge

# The base image by digest, and all that pip fetches by hash; the README says how they are renewed.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /build
COPY constraints.txt constraints-build.txt ./
RUN python -m venv /opt/ticketbridge \
 && /opt/ticketbridge/bin/pip install --no-cache-dir --no-compile --require-hashes -r constraints.txt \
 && python -m venv /opt/builder \
 && /opt/builder/bin/pip install --no-cache-dir --require-hashes -r constraints-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY mappings/demo.yaml ./mappings/demo.yaml
RUN /opt/builder/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/ticketbridge/bin/pip install --no-cache-dir --no-compile --no-deps --no-index dist/*.whl \
 && /opt/ticketbridge/bin/pip check
# Compiled here, once: who runs the image may write nothing, and would compile it all at each start. By hash,
# so that two builds are the same.
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/ticketbridge/lib

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
COPY --from=build /opt/ticketbridge /opt/ticketbridge
# The base image has Python's own library without what is compiled of it.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
    "$(python -c 'import os; print(os.path.dirname(os.__file__))')"
ENV PATH=/opt/ticketbridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TICKETBRIDGE_HOST=0.0.0.0 \
    TICKETBRIDGE_PORT=8080 \
    TICKETBRIDGE_METRICS_HOST=0.0.0.0 \
    TICKETBRIDGE_MAPPINGS=/mappings
# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
# Pulls, and the metrics, which only Prometheus should reach.
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"TICKETBRIDGE_PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["ticketbridge"]
CMD ["serve"]
