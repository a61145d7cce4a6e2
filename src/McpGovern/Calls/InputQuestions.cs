using System.Text;
using System.Text.Json;
using McpGovern.Wire;

namespace McpGovern.Calls;

/// <summary>An upstream's result that asks for input, taken apart.</summary>
/// <param name="State">JSON text of the upstream's own state, or <c>null</c>.</param>
internal sealed record InputQuestions(IReadOnlyList<InputQuestion> All, string? State, IReadOnlyList<RawMember> Members)
{
    public static InputQuestions Read(ReadOnlyMemory<byte> result)
    {
        var members = RawObject.Read(result) ?? [];
        var state = Of(members, "requestState");
        return new([.. (RawObject.Read(Of(members, "inputRequests")) ?? []).Select(InputQuestion.Read)], state.IsEmpty ? null : Encoding.UTF8.GetString(state.Span), members);
    }

    /// <summary>The result for a client of the stateless revision: everything as the upstream wrote it, with our state in the place of its own.</summary>
    public ReadOnlyMemory<byte> With(string sealedState) => RawObject.Write(
    [
        Member("resultType", "input_required"),
        .. Members.Where(member => member.Name is not ("resultType" or "requestState")),
        Member("requestState", sealedState),
    ]);

    internal static ReadOnlyMemory<byte> Of(List<RawMember> members, string name) => members.FindLast(member => member.Name == name).Value;

    private static RawMember Member(string name, string value) =>
        new(name, JsonSerializer.SerializeToUtf8Bytes(name), JsonSerializer.SerializeToUtf8Bytes(value));
}

/// <param name="Key">The name under which the answer goes back.</param>
/// <param name="Params">As written; empty where there are none.</param>
internal sealed record InputQuestion(RawMember Key, string? Method, ReadOnlyMemory<byte> Params)
{
    public static InputQuestion Read(RawMember request)
    {
        var members = RawObject.Read(request.Value) ?? [];
        return new(request, RawObject.AsString(InputQuestions.Of(members, "method")), InputQuestions.Of(members, "params"));
    }
}
