using System.Diagnostics;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>The words for a call's state, the same on every door.</summary>
public static class CallStatus
{
    public static string Of(CallState state) => state switch
    {
        Denied => "denied",
        Submitted or Allowed => "allowed",
        Pending => "pending",
        Approved => "approved",
        Rejected => "rejected",
        Expired => "expired",
        Cancelled => "cancelled",
        Invalidated => "invalidated",
        Dispatching => "dispatching",
        Ended { Succeeded: true } => "succeeded",
        Ended => "failed",
        Unknown => "outcome_unknown",
        Resolved => "resolved",
        _ => throw new UnreachableException(state.GetType().Name),
    };
}
