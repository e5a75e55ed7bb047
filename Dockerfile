# The service on one port, without TLS: put a proxy that speaks it in front.
# Build: docker build -t antmile .
# Run: docker run -p 127.0.0.1:50051:50051 -e ANTMILE_TOKEN_SECRET -v antmile:/data
#          -v $PWD/antmile.toml:/antmile.toml:ro -v $PWD/map.osm.pbf:/map.osm.pbf:ro antmile
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY protos protos
COPY cli cli
COPY dispatch dispatch
COPY maps maps
RUN python -m venv /opt/antmile && /opt/antmile/bin/pip install --no-cache-dir .

FROM python:3.12-slim
RUN useradd --system --create-home antmile \
    && mkdir /data /var/cache/antmile && chown antmile /data /var/cache/antmile
COPY --from=build /opt/antmile /opt/antmile
ENV PATH=/opt/antmile/bin:$PATH ANTMILE_HOST=0.0.0.0
# What numba compiles and what maps are imported to: the package itself is read-only to the user.
ENV NUMBA_CACHE_DIR=/var/cache/antmile/numba ANTMILE_CACHE_DIR=/var/cache/antmile/maps
USER antmile
# Compiled for the CPU that builds the image; another kind of CPU compiles once more, on demand.
RUN antmile warmup
VOLUME /data
EXPOSE 50051
CMD ["antmile", "serve", "--settings", "/antmile.toml", "--port", "50051", "--data", "/data", "--map", "/map.osm.pbf"]
