# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# What `dialplane --version` says: --build-arg DIALPLANE_COMMIT=$(git rev-parse --short HEAD)
ARG DIALPLANE_COMMIT=
# The caches outlive the step, so the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --profile dist --locked && cp target/dist/dialplane /usr/local/bin/dialplane

# Not distroless: a secret may come from `{command: [...]}`, and the sandbox's configuration uses one; both need programs to run.
# git fetches the manifests, or tells which commit of a folder is carried out; ssh and gpg go with it. The Debian release is that of the build stage, so that
# the C library fits.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git gpg openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 65532 -g 65532 -m 0700 /var/lib/dialplane
COPY --from=build /usr/local/bin/dialplane /usr/local/bin/dialplane

# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
# dialplane.yaml and manifests/ are looked for here.
WORKDIR /etc/dialplane
# The journal: what was sent and what is still owed, and the last good commit. A container without it forgets them.
ENV DIALPLANE_STATE__PATH=/var/lib/dialplane
VOLUME /var/lib/dialplane

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["dialplane", "status"]
ENTRYPOINT ["dialplane"]
CMD ["run"]
