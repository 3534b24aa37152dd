using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

/// <summary>
/// Stores, lists and removes secrets. A value comes from the standard input or from the keyboard, never from an argument: arguments are seen by
/// everyone on the machine and stay in the shell's history.
/// </summary>
internal static class SecretCommand
{
    private static readonly string[] Columns = ["name", "version", "updated_at", "updated_by"];

    public static Command Build()
    {
        var name = new Argument<string>("name") { Description = "The secret, used as ${secret:NAME}" };
        var set = new ServerCommand("set", "Store a value, read from the standard input or asked for; earlier versions stay", name).Does(async (parsed, api, cancellationToken) =>
        {
            var value = Console.IsInputRedirected ? Trim(await Console.In.ReadToEndAsync(cancellationToken)) : AskTwice(parsed.GetValue(name)!, ReadHidden, Console.Error);
            if (value.Length == 0)
            {
                throw new UsageException("There is no value.", $"Write it to the standard input: ./lake secret set {parsed.GetValue(name)} < FILE");
            }

            var stored = await api.PutAsync(PathOf(parsed.GetValue(name)!), new JsonObject { ["value"] = value }, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine($"stored secret/{parsed.GetValue(name)} version {stored.GetProperty("version")}");
            return ExitCode.Done;
        });
        var list = new ServerCommand("list", "List names and versions; values cannot be read").Does(async (parsed, api, cancellationToken) =>
        {
            var items = Listing.ItemsOf(await api.GetAsync("/api/v1/secrets", cancellationToken));
            TableWriter.Write(Columns, [.. items.Select(i => Columns.Select(c => Cell.Of(i.GetProperty(c))).ToArray())], parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        var removed = new Argument<string>("name") { Description = "The secret" };
        var remove = new ServerCommand("rm", "Delete a secret with all its versions", removed).Does(async (parsed, api, cancellationToken) =>
        {
            await api.DeleteAsync(PathOf(parsed.GetValue(removed)!), cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine($"- secret/{parsed.GetValue(removed)}");
            return ExitCode.Done;
        });
        return new Command("secret", "Work on secrets") { set, list, remove };
    }

    /// <summary>Editors and <c>echo</c> end a text with a line break that nobody means as part of it.</summary>
    public static string Trim(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;

    public static string AskTwice(string name, Func<string> read, TextWriter prompt)
    {
        prompt.Write($"value of {name}: ");
        var first = read();
        prompt.Write("\nonce more: ");
        var second = read();
        prompt.WriteLine();
        return first == second ? first : throw new UsageException("The two values differ; nothing was stored.", "Try again.");
    }

    private static string PathOf(string name) => $"/api/v1/secrets/{Uri.EscapeDataString(name)}";

    private static string ReadHidden()
    {
        var text = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return text.ToString();
                case ConsoleKey.Backspace:
                    text.Length = Math.Max(0, text.Length - 1);
                    break;
                default:
                    if (key.KeyChar != '\0')
                    {
                        text.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
