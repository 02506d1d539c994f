# A small image that runs without root, and with a read-only root file system:
#
#   docker run --read-only --tmpfs /tmp -v rtap-state:/var/lib/rtap --device /dev/snd --group-add audio rtap
#
# In place of --device and --group-add, to hear what the user's PulseAudio or PipeWire hears:
# -v $XDG_RUNTIME_DIR/pulse/native:/tmp/pulse.socket -e PULSE_SERVER=unix:/tmp/pulse.socket
#
# The daemon listens on loopback unless it is told otherwise. To reach it from outside the container, say so twice:
# -e RTAP_OUTPUT_HOST=0.0.0.0 -p 127.0.0.1:5802:5802, and the like for the other ports.
ARG NODE_VERSION=20

FROM node:${NODE_VERSION}-bookworm-slim AS build
# 0 leaves the sound devices out; files and standard input still work.
ARG WITH_DEVICES=1
WORKDIR /app
RUN if [ "$WITH_DEVICES" = 1 ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends g++ libasound2 make python3 \
      && rm -rf /var/lib/apt/lists/*; \
    fi
COPY . .
# Installing builds, too.
RUN if [ "$WITH_DEVICES" = 1 ]; then npm ci; else npm ci --omit=optional; fi \
    && npm prune --omit=dev --ignore-scripts

FROM node:${NODE_VERSION}-bookworm-slim
ARG WITH_DEVICES=1
RUN if [ "$WITH_DEVICES" = 1 ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends libasound2 libasound2-plugins pulseaudio-utils \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
    && install -d -o node -g node /var/lib/rtap
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/src/assets ./src/assets
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production RTAP_CLUSTER_STATE_DIRECTORY=/var/lib/rtap
USER node
VOLUME /var/lib/rtap
EXPOSE 5802 6552 6553 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.RTAP_ADMIN_PORT ?? 8080}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js", "run"]
