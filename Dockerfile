# Builds with everything that development needs, and then drops it.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY cmd ./cmd
COPY lib ./lib
COPY server ./server
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/cmd/netlog.cjs ./cmd/
COPY --from=build /app/dist ./dist
RUN mkdir /data /tokens && chown node:node /data /tokens
USER node
VOLUME /data
# Others reach it, so it starts with a token file alone (NETLOG_TOKEN_FILE), or with NETLOG_INSECURE=1.
# Variables rather than flags, so that flags given to `docker run` add to them.
ENV NETLOG_LISTEN=:7200 NETLOG_DIR=/data
EXPOSE 7200
# Finds the server by the variables above, or by the file that NETLOG_CONFIG names.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "/app/cmd/netlog.cjs", "health"]
# The exec form: SIGTERM reaches the server, not a shell.
ENTRYPOINT ["node", "/app/cmd/netlog.cjs"]
CMD ["serve"]
