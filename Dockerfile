# The broker in a small image. Say how clients reach it:
#   docker build -t thalweg .
#   docker run -p 9092:9092 -v thalweg:/data thalweg --advertise localhost:9092
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package thalweg-node

FROM debian:bookworm-slim
COPY --from=build /source/target/release/thalweg /usr/bin/thalweg
RUN useradd --system --home-dir /data thalweg && install -d -o thalweg -g thalweg /data
USER thalweg
VOLUME /data
EXPOSE 9092 9644
HEALTHCHECK --start-period=30s CMD ["/usr/bin/thalweg", "cluster", "--bootstrap", "127.0.0.1:9092"]
# A container's own address is no secret of one machine: who may reach the published port is the host's affair, so the
# flag that names the risk stands here, where everybody reads it.
ENTRYPOINT ["/usr/bin/thalweg", "serve", "--data", "/data", "--listen", "0.0.0.0:9092", "--admin", "0.0.0.0:9644", "--allow-unauthenticated"]
CMD ["--advertise", "localhost:9092"]
