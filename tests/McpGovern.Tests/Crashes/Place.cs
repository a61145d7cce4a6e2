namespace McpGovern.Tests.Crashes;

/// <summary>Where in the story the serving process is killed: as soon as this is seen to have happened in its life.</summary>
internal enum Place
{
    /// <summary>One of several calls is in the store, the others are on their way.</summary>
    WhileParking,

    /// <summary>The agent knows of every call that it is parked; nobody decides.</summary>
    Parked,

    /// <summary>One decision was acknowledged, others are on their way.</summary>
    WhileApproving,

    /// <summary>Everything is decided, and the process is too young to have claimed anything.</summary>
    Approved,

    /// <summary><c>DispatchStarted</c> is in the store.</summary>
    Dispatched,

    /// <summary>The payment was made, its answer is on its way.</summary>
    Effect,

    /// <summary>The outcome is in the store.</summary>
    Recorded,

    /// <summary>The agent has a result.</summary>
    Delivered,

    /// <summary>At a random time after the start.</summary>
    AnyTime,
}
