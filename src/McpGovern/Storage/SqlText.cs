using System.Data.Common;
using System.Globalization;

namespace McpGovern.Storage;

/// <summary>A statement with its parameters, written <c>@name</c>, which both databases understand.</summary>
internal sealed record SqlText(string Text, params (string Name, object? Value)[] Parameters)
{
    /// <summary>A value that the stores cannot hold is equal to nothing in them; PostgreSQL would fail on it.</summary>
    public bool IsImpossible => Parameters.Any(p => !StorableText.IsStorable(p.Value as string));

    public void ApplyTo(DbCommand command)
    {
        command.CommandText = Text;
        foreach (var (name, value) in Parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
    }

    /// <summary><c>(@p0, @p1)</c> with its values, for <c>in</c>.</summary>
    public static (string Text, (string, object?)[] Parameters) List(string name, IEnumerable<string> values)
    {
        (string Name, object?)[] parameters = [.. values.Select((value, i) => (name + i.ToString(CultureInfo.InvariantCulture), (object?)value))];
        return ($"({string.Join(", ", parameters.Select(p => "@" + p.Name))})", parameters);
    }
}
