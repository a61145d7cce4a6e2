namespace McpGovern.Calls;

/// <summary>Places between two steps at which a test can end or stall a process, in the order of a call's life.</summary>
internal enum FaultPoint
{
    MigrateBetweenVersions,
    AllowBeforeAppend,
    AllowAppended,
    ParkBeforeAppend,
    ParkAppended,
    AnswerBeforeReply,
    DecideLoaded,
    DecideBeforeAppend,
    DecideAppended,
    CancelBeforeAppend,
    CancelAppended,
    LeaseBeforeWrite,
    DispatchBeforeAppend,
    DispatchAppended,
    DispatchBeforeFirstByte,
    OutcomeBeforeAppend,
    OutcomeAppended,
    RecoverBeforeAppend,
    RecoverAppended,
    ExpireBeforeAppend,
    ExpireAppended,
    ReloadBeforeSwap,
    ReloadSwapped,
    DrainBegun,
    DrainBeforeStoreCloses,
}
