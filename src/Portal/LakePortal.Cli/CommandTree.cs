using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Demo;
using LakePortal.Cli.Output;
using LakePortal.Cli.Testing;

namespace LakePortal.Cli;

/// <summary>The commands of <c>./lake</c>, and what their failures look like.</summary>
internal static class CommandTree
{
    // Help shows the command as it is typed, not the program that stands behind the launcher.
    public static Command Build() => new("./lake", "LakePortal: a data lake in one process. './lake demo' shows all of it.")
    {
        new HelpOption(),
        new VersionOption(),
        DemoCommand.Build(),
        UpCommand.Build(),
        TestCommand.Build(),
        ApplyCommand.Build(),
        SqlCommand.Build(),
        SyncCommand.Build(),
        ReconcileCommand.Build(),
        RunCommand.Build(),
        StatusCommand.Build(),
        LogsCommand.Build(),
        ExportCommand.Build(),
        TableCommand.Build(),
        SecretCommand.Build(),
        TokenCommand.Build(),
        UserCommand.Build(),
        BenchCommand.Build(),
    };

    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Build().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync($"error: {error.Message}");
            }

            var words = string.Join(' ', WordsOf(parsed.CommandResult).Append("--help"));
            await Console.Error.WriteLineAsync($"hint: './lake {words}' shows the usage.");
            return ExitCode.WrongUsage;
        }

        return await InvokeAsync(parsed);
    }

    private static async Task<int> InvokeAsync(ParseResult parsed)
    {
        using var interrupted = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interrupt(signal, interrupted));
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interrupt(signal, interrupted));
        try
        {
            // Signals are ours: what was started has to be stopped in order, which may take longer than the parser's patience.
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupted.Token);
        }
        catch (CliException e)
        {
            Report.Error(e, Console.Error);
            return e.ExitCode;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("interrupted");
            return ExitCode.Failed;
        }
        catch (IOException e) when (e.Message.Contains("pipe", StringComparison.OrdinalIgnoreCase))
        {
            // Whoever read our output has seen enough ('| head').
            return ExitCode.Failed;
        }
    }

    /// <summary>The first signal asks to stop; a second one ends the process at once.</summary>
    private static void Interrupt(PosixSignalContext signal, CancellationTokenSource interrupted)
    {
        signal.Cancel = !interrupted.IsCancellationRequested;
        interrupted.Cancel();
    }

    private static Stack<string> WordsOf(CommandResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = result; at is CommandResult { Parent: not null } command; at = at.Parent)
        {
            names.Push(command.Command.Name);
        }

        return names;
    }
}
