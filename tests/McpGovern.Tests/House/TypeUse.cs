namespace McpGovern.Tests.House;

/// <summary>A type that another one names: in a signature, an attribute or a method's body. Nested types count as their outermost one.</summary>
/// <param name="Assembly">Where the used type is defined, as far as the user's metadata says.</param>
internal sealed record TypeUse(string User, string Assembly, string Used)
{
    public override string ToString() => $"{User} names {Used} ({Assembly})";
}
