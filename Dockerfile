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
RUN useradd --system --create-home antmile && mkdir /data && chown antmile /data
COPY --from=build /opt/antmile /opt/antmile
ENV PATH=/opt/antmile/bin:$PATH ANTMILE_HOST=0.0.0.0
USER antmile
VOLUME /data
EXPOSE 50051
CMD ["antmile", "serve", "--settings", "/antmile.toml", "--port", "50051", "--data", "/data", "--map", "/map.osm.pbf"]
