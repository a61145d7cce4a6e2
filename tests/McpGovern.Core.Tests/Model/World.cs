namespace McpGovern.Tests.Model;

/// <summary>What an exploration is bounded by.</summary>
/// <param name="Gated">Parked for a decision, or allowed and on its way at once.</param>
/// <param name="Crashes">How often a process may die in all; a process that died may start again once.</param>
/// <param name="Pauses">How often a living process may lose its lease.</param>
/// <param name="Defers">How often a dispatch may be found not to have been sent.</param>
internal sealed record Bounds(bool Gated = true, bool Idempotent = false, int Crashes = 1, int Pauses = 1, int Defers = 1)
{
    public bool Rejecter { get; init; } = true;
    public bool Canceller { get; init; } = true;
    public bool Reloader { get; init; } = true;
    public bool Resolver { get; init; } = true;

    /// <summary>A process that died may start again; otherwise only the other one can take over from it.</summary>
    public bool Restarts { get; init; } = true;

    /// <summary>A task whose upstream may ask two questions. The agent answers them apart; in the places of those who reject, resolve and reload.</summary>
    public bool Asks { get; init; }

    /// <summary>The upstream may answer with a task of its own, which it knows as long as the world lasts.</summary>
    public bool Tasks { get; init; }
}

internal enum Phase : byte
{
    Before,
    HasRead,
    Recorded,
    Refused,
}

/// <summary>A person's command: reads, decides on what was read, appends at that version, and does so afresh after a lost race.</summary>
/// <param name="At">The clock when the command was given.</param>
internal readonly record struct Person(Phase Phase, bool OnNext, History? Read, byte At);

internal enum At : byte
{
    Idle,

    /// <summary>Has read an approved call and is about to record that it starts.</summary>
    Claiming,

    /// <summary>Has read a call whose owner seems to be gone.</summary>
    Recovering,

    /// <summary>The start is recorded, nothing has left.</summary>
    Started,
    Sent,

    /// <summary>Knows what came of it, and has not read the stream for recording it.</summary>
    Answered,

    /// <summary>Has read the stream for recording it.</summary>
    Recording,

    /// <summary>Asks the upstream about its task.</summary>
    Following,

    /// <summary>Only of a process with a bug: it sent before it recorded.</summary>
    Early,
    Dead,
}

internal enum Came : byte
{
    Nothing,
    Success,
    Failure,
    Silence,
    NotSent,
    Questions,
    Task,
}

/// <summary>A serving process.</summary>
/// <param name="Life">A process that starts again is another one.</param>
/// <param name="Paused">It lives, and its lease has run out: to the others it is dead.</param>
internal readonly record struct Process(At At, byte Life, bool OnNext, History? Read, byte Clock, Came Came, bool Paused)
{
    public bool IsAlive => At != At.Dead;

    public string Id(int number) => $"p{number}.{Life}";

    /// <summary>Whether the named process is this one, lives, has its lease, and is in the middle of a call.</summary>
    public bool Works(string process, int number) =>
        process == Id(number) && !Paused && (At is At.Started or At.Sent or At.Following || (At is At.Answered or At.Recording && Came != Came.Silence));
}

/// <summary>Everything that counts at one moment.</summary>
internal sealed record World(
    History Call, History Next, byte Clock, byte Sends, byte NextSends, byte Crashes, byte Pauses, byte Defers,
    Process One, Process Two, Person Approver, Person Rejecter, Person Canceller, Person Reloader, Person Resolver, Person Sweeper)
{
    public IEnumerable<History> Streams => [Call, Next];

    public History On(bool next) => next ? Next : Call;
}
