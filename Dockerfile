# docker build -t mcpgovern .
# docker run --rm -p 127.0.0.1:7700:7700 -v "$PWD/config:/config:ro" -v mcpgovern-data:/data \
#   -e MCPGOVERN_LISTEN=http://0.0.0.0:7700 -e MCPGOVERN_INSECURE_HTTP=true -e ALICE_KEY mcpgovern
# (config/mcpgovern.yaml, with actors that have keys: beyond loopback nothing is served without. Under another published port, give public_url.)

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/McpGovern.Core/McpGovern.Core.csproj src/McpGovern.Core/packages.lock.json src/McpGovern.Core/
COPY src/McpGovern/McpGovern.csproj src/McpGovern/packages.lock.json src/McpGovern/
RUN dotnet restore --locked-mode src/McpGovern
COPY .editorconfig ./
COPY src/ src/
RUN dotnet publish --no-restore --configuration Release --output /app src/McpGovern

FROM mcr.microsoft.com/dotnet/aspnet:10.0
LABEL org.opencontainers.image.title="McpGovern" \
      org.opencontainers.image.description="Policy and approvals in front of MCP servers" \
      org.opencontainers.image.licenses="Apache-2.0" \
      io.modelcontextprotocol.server.name="io.github.mcpgovern/mcpgovern"
WORKDIR /app
COPY --from=build /app ./
COPY LICENSE ./
# 1654 is the base image's own unprivileged user, as a number so that an orchestrator can see that it is not root.
# A volume takes over the owner of the folder it is first mounted on.
RUN install -d -o 1654 -g 1654 -m 0700 /data && install -d /config
USER 1654:1654
WORKDIR /config
# Settings and keys come at run time: a file or variables. None is in the image.
ENV MCPGOVERN_STORE=sqlite:/data/mcpgovern.db
VOLUME /data
# The default address is loopback, which in a container nobody else reaches: MCPGOVERN_LISTEN or `listen` has to say otherwise, as above.
EXPOSE 7700
# It asks where the same variable, or the same settings, say that the server listens; a --listen flag it does not know.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["dotnet", "/app/McpGovern.dll", "health"]
ENTRYPOINT ["dotnet", "/app/McpGovern.dll"]
CMD ["serve"]
