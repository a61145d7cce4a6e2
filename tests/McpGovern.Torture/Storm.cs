using McpGovern.Torture.Storms;

namespace McpGovern.Torture;

/// <summary>One way of breaking things, with oracles from outside, and with the bugs that it must be able to see.</summary>
internal abstract class Storm
{
    /// <summary>In the order of the report.</summary>
    public static IReadOnlyList<Storm> All { get; } =
    [
        new PowerLossStorm(), new SyscallKillStorm(), new IoErrorStorm(), new DiskFullStorm(), new PoisonStorm("sqlite"), new PoisonStorm("postgres"),
        new ClusterKillStorm(), new BackendKillStorm(), new PostgresDiskStorm(), new DelayedCommitStorm(), new DecisionRaceStorm("sqlite"), new DecisionRaceStorm("postgres"),
        new NamedFaultStorm("sqlite", "kill"), new NamedFaultStorm("postgres", "kill"), new ServerRaceStorm("sqlite"), new ServerRaceStorm("postgres"),
        new FreezeStorm("sqlite"), new FreezeStorm("postgres"),
        new FrozenOwnerStorm("sqlite"), new FrozenOwnerStorm("postgres"), new BadUpstreamStorm("sqlite"), new BadUpstreamStorm("postgres"),
        new VanishedClientsStorm("sqlite"), new VanishedClientsStorm("postgres"), new CrowdStorm("sqlite"), new CrowdStorm("postgres"), new ParkedHoldStorm("sqlite"), new ParkedHoldStorm("postgres"),
        new ClockJumpStorm("sqlite"), new ClockJumpStorm("postgres"), new WallClockStorm("sqlite"), new WallClockStorm("postgres"),
        new NamedFaultStorm("sqlite", "throw", "delay", "hang"), new NamedFaultStorm("postgres", "throw", "delay", "hang"),
    ];

    public abstract string Name { get; }

    /// <summary>What is counted.</summary>
    public abstract string Unit { get; }

    /// <summary>How many make a full run; a short one does a tenth.</summary>
    public abstract int Full { get; }

    /// <summary>Bugs that the storm has to find, by name, each with how hard it may look: an uncaught one fails the run.</summary>
    public virtual IReadOnlyList<(string Name, int Count)> Controls => [];

    /// <summary>What this machine lacks, if anything.</summary>
    public virtual string? WhyNot() => null;

    /// <param name="bug">One of <see cref="Controls"/>, or <c>null</c> for the product as it is.</param>
    public abstract Task RunAsync(Tally tally, int count, Random random, string? bug);
}
