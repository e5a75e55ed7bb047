# The service on one port. Build: docker build -t antmile .
# Run: docker run -p 50051:50051 -v antmile:/data -v $PWD/map.osm.pbf:/map.osm.pbf:ro antmile
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY protos protos
COPY cli cli
COPY dispatch dispatch
COPY maps maps
RUN python -m venv /opt/antmile && /opt/antmile/bin/pip install --no-cache-dir .

FROM python:3.12-slim
RUN useradd --system --create-home antmile && mkdir /data && chown antmile /data
COPY --from=build /opt/antmile /opt/antmile
# Compiled kernels are kept beside the data, where the service may write.
ENV PATH=/opt/antmile/bin:$PATH NUMBA_CACHE_DIR=/data/.numba
USER antmile
VOLUME /data
EXPOSE 50051
CMD ["antmile", "serve", "--port", "50051", "--data", "/data", "--map", "/map.osm.pbf"]
