using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace LakePortal.Cli.Commands;

internal static class TokenCommand
{
    public static Command Build()
    {
        var user = new Argument<string>("user") { Description = "For whom" };
        var ttl = new Option<string>("--ttl") { Description = "How long it is valid: 90s, 15m, 12h, 30d", DefaultValueFactory = _ => "30d", HelpName = "DURATION" };
        var name = new Option<string>("--name") { Description = "What it is for", DefaultValueFactory = _ => "command line", HelpName = "TEXT" };
        return new ServerCommand("token", "Make an API token and print it", user, ttl, name).Does(async (parsed, api, cancellationToken) =>
        {
            var body = new JsonObject
            {
                ["name"] = parsed.GetValue(name),
                ["lifetime_seconds"] = (long)Duration(parsed.GetValue(ttl)!).TotalSeconds,
            };
            var answer = await api.PostAsync($"/api/v1/users/{Uri.EscapeDataString(parsed.GetValue(user)!)}/tokens", body, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(answer.GetProperty("token").GetString());
            return ExitCode.Done;
        });
    }

    public static TimeSpan Duration(string text)
    {
        if (text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            switch (text[^1])
            {
                case 's': return TimeSpan.FromSeconds(count);
                case 'm': return TimeSpan.FromMinutes(count);
                case 'h': return TimeSpan.FromHours(count);
                case 'd': return TimeSpan.FromDays(count);
                default: break;
            }
        }

        throw new UsageException($"'{text}' is not a duration.", "Write a number and s, m, h or d: 90s, 15m, 12h, 30d.");
    }
}

internal static class UserCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("name") { Description = "The new user" };
        var roles = new Option<string[]>("--role") { Description = "A role (repeatable)", HelpName = "ROLE", Required = true };
        var add = new ServerCommand("add", "Add a user and print the one-time password", name, roles).Does(async (parsed, api, cancellationToken) =>
        {
            var body = new JsonObject
            {
                ["name"] = parsed.GetValue(name),
                ["roles"] = new JsonArray([.. parsed.GetValue(roles)!.Select(r => (JsonNode)r)]),
            };
            var answer = await api.PostAsync("/api/v1/users", body, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(answer.GetProperty("password").GetString());
            parsed.InvocationConfiguration.Error.WriteLine("(one-time password; it has to be changed at the first sign-in)");
            return ExitCode.Done;
        });
        return new Command("user", "Work on users") { add };
    }
}
