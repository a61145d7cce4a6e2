using System.CommandLine;
using McpGovern.Calls;

namespace McpGovern.Cli;

/// <summary>Names the places at which the test suite can break this program; of no use to anybody else.</summary>
internal static class FaultsVerb
{
    public static Command Build()
    {
        var command = new Command("faults", "Name the fault points of the test suite") { Hidden = true };
        command.SetAction(_ => FaultPoints.Names.ToList().ForEach(Console.Out.WriteLine));
        return command;
    }
}
