# One image for workers and the service. Build: docker build -t fusedex .
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md Makefile ./
COPY indexer indexer
COPY workers workers
COPY mappings mappings
RUN python -m venv /opt/fusedex \
 && /opt/fusedex/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
 && /opt/fusedex/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
COPY --from=build /opt/fusedex /opt/fusedex
ENV PATH=/opt/fusedex/bin:$PATH FUSEDEX_LOG=json
RUN useradd --system --create-home --home-dir /var/lib/fusedex fusedex
USER fusedex
ENTRYPOINT ["fusedex"]
CMD ["--help"]
