using System.CommandLine;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Settings;
using McpGovern.Storage;

namespace McpGovern.Cli;

/// <summary>Keys in the store: for whoever can open it.</summary>
internal static class KeyVerbs
{
    private static readonly string[] AllRoles = ["caller", "approver", "operator", "auditor"];

    private static readonly Argument<string>
        Owner = new("ACTOR") { Description = "Whose key it is: agent:NAME for an agent, any other name for a person" },
        Id = new("ID") { Description = "The key's id, as list shows it" };

    private static readonly Option<string[]> RolesOption = new("--role")
    {
        Description = "What it may be used for: caller (the default), approver, operator, auditor",
        HelpName = "ROLE",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Expires = new("--expires") { Description = "How long it is good for, such as 90d (default: until it is revoked)", HelpName = "TIME" };

    public static Command Build()
    {
        var create = new Command("create", "Make a key; its text is printed once") { Owner, RolesOption, Expires };
        var list = new Command("list", "List the keys, without their secrets");
        var revoke = new Command("revoke", "End a key, for all processes within a second") { Id };
        create.SetAction((parsed, ct) => WithAsync(parsed, (keys, by) => CreateAsync(parsed, keys, by, ct), ct));
        list.SetAction((parsed, ct) => WithAsync(parsed, (keys, _) => ListAsync(parsed, keys, ct), ct));
        revoke.SetAction((parsed, ct) => WithAsync(parsed, (keys, by) => RevokeAsync(parsed, keys, by, ct), ct));
        foreach (var verb in (Command[])[create, list, revoke])
        {
            verb.Options.Add(SharedOptions.Settings);
            verb.Options.Add(SharedOptions.Store);
            verb.Options.Add(SharedOptions.Json);
        }

        return new Command("keys", "Make, list and revoke the keys with which agents and people come in over HTTP") { create, list, revoke };
    }

    private static async Task<int> CreateAsync(ParseResult parsed, ApiKeys keys, string by, CancellationToken ct)
    {
        var actor = parsed.GetValue(Owner)!;
        var roles = parsed.GetValue(RolesOption) is { Length: > 0 } given ? given.Distinct().ToArray() : ["caller"];
        if (roles.Except(AllRoles).FirstOrDefault() is { } unknown)
        {
            return Wrong($"--role: unknown role '{unknown}'; use {string.Join(", ", AllRoles)}");
        }

        if (actor.Length > 256 || actor.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || char.IsSurrogate(c)))
        {
            return Wrong("ACTOR has blanks or control characters; write one word, such as agent:coder or alice");
        }

        TimeSpan? life = null;
        if (parsed.GetValue(Expires) is { } text)
        {
            var faults = new Faults("--expires");
            life = Values.Time(new ScalarNode(text, Plain: true, 0, 0), "expires", faults, never: false, bareSeconds: false)?.Value;
            if (life is null || life == TimeSpan.Zero)
            {
                return Wrong($"--expires: '{text}' is no time; write one such as 12h or 90d");
            }
        }

        var (made, key, whyNot) = await keys.CreateAsync(actor, roles, life, by, ct);
        if (key is null)
        {
            return Wrong(whyNot!);
        }

        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? VerbOutput.Json(new { Key = made, key.Id, key.Actor, key.Roles, key.ExpiresAt }).TrimEnd() : made);
        await Console.Error.WriteLineAsync($"{key.Id} is a key of {key.Actor} ({string.Join(", ", key.Roles)}){(key.Roles.Contains("approver") ? "" : " and decides nothing")}; its text is shown this once.");
        return 0;
    }

    private static async Task<int> ListAsync(ParseResult parsed, ApiKeys keys, CancellationToken ct)
    {
        var all = await keys.ListAsync(ct);
        var now = TimeProvider.System.GetUtcNow();
        if (parsed.GetValue(SharedOptions.Json))
        {
            Console.Out.Write(VerbOutput.Json(new
            {
                Keys = all.Select(k => new { k.Id, k.Actor, k.Roles, k.CreatedAt, k.CreatedBy, k.ExpiresAt, k.RevokedAt, k.RevokedBy, Live = k.IsLive(now) }),
            }));
            return 0;
        }

        foreach (var key in all)
        {
            var state = key switch
            {
                { RevokedAt: { } at } => $"revoked {at:u} by {key.RevokedBy}",
                { ExpiresAt: { } at } => $"{(at <= now ? "expired" : "expires")} {at:u}",
                _ => "live",
            };
            Console.Out.WriteLine(Printed.Line($"{key.Id}  {key.Actor}  {string.Join(",", key.Roles)}  made {key.CreatedAt:u} by {key.CreatedBy}  {state}"));
        }

        return 0;
    }

    private static async Task<int> RevokeAsync(ParseResult parsed, ApiKeys keys, string by, CancellationToken ct)
    {
        var id = parsed.GetValue(Id)!;
        if (await keys.RevokeAsync(id, by, ct) is not { } key)
        {
            await Console.Error.WriteLineAsync($"there is no key '{Printed.Line(id)}'; mcpgovern keys list shows them");
            return 5;
        }

        Console.Out.WriteLine(Printed.Line($"{key.Id} of {key.Actor} was revoked {key.RevokedAt:u} by {key.RevokedBy}"));
        return 0;
    }

    private static async Task<int> WithAsync(ParseResult parsed, Func<ApiKeys, string, Task<int>> act, CancellationToken ct)
    {
        if (Composition.Load(parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed), settingsNeeded: false) is not { } settings)
        {
            return 2;
        }

        try
        {
            using var logs = Composition.Logs(LogLevel.Warning);
            await using var store = CallStores.Open(settings.Store, TimeProvider.System, logs);
            await store.PrepareAsync(ct);
            return await act(new ApiKeys(store, Composition.Actors(settings), TimeProvider.System), Composition.CommandLineActor(settings).Id);
        }
        catch (StoreRefusedException e)
        {
            return Wrong($"store: {Printed.Line(e.Message)}");
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync($"the store is not available: {Printed.Line(e.Message)}");
            return 1;
        }
    }

    private static int Wrong(string why)
    {
        Console.Error.WriteLine(why);
        return 2;
    }
}
