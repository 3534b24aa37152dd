using System.CommandLine;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Commands;

/// <summary>A command that asks a server. Knows the options by which the server is found, and the Ctrl-C that ends the wait.</summary>
internal sealed class ServerCommand : Command
{
    private readonly Option<string?> _url = new("--url") { Description = $"Address of the server (LAKE_URL, default {ServerAddress.DefaultUrl})", HelpName = "URL" };
    private readonly Option<string?> _data = new("--data") { Description = "Data directory of the server, for its token (LAKE_DATA, default ./data)", HelpName = "DIR" };

    public ServerCommand(string name, string description, params Symbol[] symbols)
        : base(name, description)
    {
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    Add(argument);
                    break;
                case Option option:
                    Add(option);
                    break;
                default:
                    throw new ArgumentException($"A {symbol.GetType().Name} cannot be part of a command.", nameof(symbols));
            }
        }

        Add(_url);
        Add(_data);
    }

    public ServerCommand Does(Func<ParseResult, ApiClient, CancellationToken, Task<int>> action)
    {
        SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(ServerAddress.Find(parsed.GetValue(_url), parsed.GetValue(_data)));
            return await action(parsed, api, cancellationToken);
        });
        return this;
    }
}
