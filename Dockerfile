# The image: one static program, certificate authorities, a licence. No shell, no package manager, nobody but user 65532.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag zonewright .
#   docker build --target binary --output . .        the program alone
#
# docs/guides/image.md tells how to run and verify it, and how to build the very same bytes.
#
# musl rather than a static glibc: musl's resolver is part of it, and reads nothing but /etc/hosts and /etc/resolv.conf, which is what
# kubelets write. A static glibc still looks for parts of its own (NSS) when it runs, as the linker warns. The musl in
# Rust's target is 1.2.5, which falls back to TCP for long answers. Memory comes from jemalloc, not from musl. A plan of 50,000 names takes
# a tenth more of processor time than with glibc, and 3 MiB less of memory.
#
# Not on top of a distroless image: what that has more (time zones, users by name) is not used, and one image less has to be trusted and
# kept. `release/try-rootfs` runs the program in a file system like this one.
#
# By version, because that is what can be read here. Releases give it by digest, and tell which (RUST in the build's record).
ARG RUST=docker.io/library/rust:1.95.0-slim-bookworm

FROM ${RUST} AS build
# Debian's stable release changes a version only for a reason; then this fails, rather than building something else.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make=4.3-4.1 musl-tools=1.2.3-1 \
 && rm -rf /var/lib/apt/lists/* \
 && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /zonewright
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN program=$(release/build) && install -D "$program" /out/zonewright && release/check-size /out/zonewright

FROM scratch AS binary
COPY --from=build /out/zonewright /zonewright

FROM scratch
# All three HTTP clients of the program (API server, AWS, every other provider) ask the system for authorities, and find them here, or
# where SSL_CERT_FILE and SSL_CERT_DIR say. An API server's own authority comes with its service account or kubeconfig.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE /licenses/LICENSE
# On the path, for `kubectl exec deploy/zonewright -- zonewright approve`.
COPY --from=build /out/zonewright /usr/local/bin/zonewright
ENV PATH=/usr/local/bin
USER 65532:65532
EXPOSE 7979
ENTRYPOINT ["/usr/local/bin/zonewright"]
LABEL org.opencontainers.image.title="Zonewright" \
      org.opencontainers.image.description="DNS sync daemon for Kubernetes: a drop-in replacement for ExternalDNS" \
      org.opencontainers.image.licenses="Apache-2.0"
