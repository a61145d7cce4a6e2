using McpGovern.Server;
using ModelContextProtocol.Protocol;
using Npgsql;

namespace McpGovern.Policy;

/// <summary>What the dependency rules forbid, once in each place where a type can be named, for the test of the tests.</summary>
internal static class PlantedUses
{
    internal static class InASignature
    {
        public static Gateway? Of(Gateway? gateway) => gateway;
    }
}

internal sealed class PlantedField
{
    public NpgsqlConnection? Connection { get; set; }
}

internal sealed class PlantedTypeArgument
{
    public static int Count() => new List<Tool>().Count;
}

internal sealed class PlantedCatch
{
    public static bool Runs(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }
}

internal sealed class PlantedLambda
{
    public static Func<Task<bool>> Exists() => async () =>
    {
        await Task.Yield();
        return File.Exists("x");
    };
}

internal sealed class PlantedBase : NpgsqlException;
