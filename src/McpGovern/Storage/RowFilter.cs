namespace McpGovern.Storage;

/// <summary>Conditions on <c>calls c</c>, joined by <c>and</c>.</summary>
internal sealed class RowFilter
{
    private readonly List<string> conditions = ["true"];
    private readonly List<(string, object?)> parameters = [];

    public (string, object?)[] Parameters => [.. parameters];

    public RowFilter And(string condition, params (string, object?)[] values)
    {
        conditions.Add(condition);
        parameters.AddRange(values);
        return this;
    }

    /// <summary>Adds nothing where the value is <c>null</c>.</summary>
    public RowFilter Where(string column, string? value) => value is null ? this : And($"c.{column} = @{column}", (column, value));

    public RowFilter WhereIn(string column, IEnumerable<string> values)
    {
        var (list, added) = SqlText.List(column, values);
        return And($"c.{column} in {list}", added);
    }

    public override string ToString() => string.Join(" and ", conditions);
}
