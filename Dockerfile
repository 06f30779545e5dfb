# One image for workers, the service and the operator's commands; docker-compose.yml builds it. The CUDA libraries that PyTorch
# needs come as packages of the lock: a GPU host needs NVIDIA's driver and its container toolkit, nothing else.
FROM python:3.12.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The dependencies first: a change of the code does not bring them again.
COPY requirements.lock ./
RUN python -m venv /opt/fusedex \
 && /opt/fusedex/bin/python -m pip install --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md ./
COPY indexer indexer
COPY workers workers
COPY mappings mappings
RUN /opt/fusedex/bin/python -m pip install --no-deps --no-build-isolation .

FROM python:3.12.11-slim-bookworm
COPY --from=build /opt/fusedex /opt/fusedex
# The file system is read-only but for /tmp and the volumes; a new volume takes the owner of the folder that it covers.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp fusedex \
 && install --directory --owner=fusedex --group=fusedex /photos /feeds
ENV PATH=/opt/fusedex/bin:$PATH HOME=/tmp FUSEDEX_LOG=json PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["fusedex"]
CMD ["--help"]
