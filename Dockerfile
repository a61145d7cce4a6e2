# docker build -t mcpgovern .
# docker run --rm -p 127.0.0.1:7700:7700 -v "$PWD/config:/config:ro" -v mcpgovern-data:/data -e ALICE_KEY mcpgovern serve --listen http://0.0.0.0:7700
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
WORKDIR /app
COPY --from=build /app ./
COPY LICENSE ./
# A volume takes over the owner of the folder it is first mounted on.
RUN install -d -o "$APP_UID" -g "$APP_UID" -m 0700 /data && install -d /config
USER $APP_UID
WORKDIR /config
# Settings and keys come at run time: a file or variables. None is in the image.
# The default address is loopback, which in a container nobody reaches: `--listen` has to say otherwise, as above.
ENV MCPGOVERN_STORE=sqlite:/data/mcpgovern.db \
    HEALTHCHECK_PORT=7700
VOLUME /data
EXPOSE 7700
# The image has no curl: bash speaks enough HTTP to ask.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$HEALTHCHECK_PORT && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost:%s\\r\\nConnection: close\\r\\n\\r\\n' \"$HEALTHCHECK_PORT\" >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]
ENTRYPOINT ["dotnet", "/app/McpGovern.dll"]
CMD ["serve"]
