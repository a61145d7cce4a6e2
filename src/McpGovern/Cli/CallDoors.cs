using System.CommandLine;
using McpGovern.Storage;

namespace McpGovern.Cli;

/// <summary>Opens the door that the options ask for, and turns what goes wrong into words and an exit code.</summary>
internal static class CallDoors
{
    public static async Task<int> WithAsync(ParseResult parsed, Func<ICallDoor, Task<int>> act, CancellationToken ct)
    {
        try
        {
            await using var door = await OpenAsync(parsed, ct);
            return door is null ? 2 : await act(door);
        }
        catch (DoorException e)
        {
            Console.Error.WriteLine(Printed.Line(e.Message));
            return e.ExitCode;
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine(Printed.Line(e.Message));
            return 2;
        }
        catch (InvalidDataException e)
        {
            Console.Error.WriteLine($"the call's history cannot be read: {Printed.Line(e.Message)}");
            return 1;
        }
        catch (StoreRefusedException e)
        {
            Console.Error.WriteLine($"store: {Printed.Line(e.Message)}");
            return 2;
        }
        catch (StoreUnavailableException e)
        {
            Console.Error.WriteLine($"the store is not available: {Printed.Line(e.Message)}");
            return 1;
        }
    }

    private static async Task<ICallDoor?> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        if (parsed.GetValue(SharedOptions.Server) is { } server)
        {
            return Uri.TryCreate(server, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                ? new RemoteDoor(url!, Environment.GetEnvironmentVariable("MCPGOVERN_KEY"))
                : throw new DoorException($"--server '{server}' is no address; write one such as http://127.0.0.1:7700", 2);
        }

        if (Composition.Load(parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed), settingsNeeded: false) is not { } settings)
        {
            return null;
        }

        var gateway = Composition.Gateway(settings, Composition.Logs(LogLevel.Warning));
        await gateway.OpenAsync(ct);
        return new LocalDoor(gateway, Composition.CommandLineActor(settings));
    }
}
