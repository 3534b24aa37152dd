using System.Diagnostics;

namespace LakePortal.Cli.Processes;

/// <summary>Runs a small program to its end.</summary>
internal static class Subprocess
{
    public static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new StepFailedException($"Cannot start {program}.", null);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new CommandResult(process.ExitCode, await output, await error);
    }

    public static async Task<string> CheckAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var result = await RunAsync(program, arguments, cancellationToken);
        return result.ExitCode == 0
            ? result.Output
            : throw new StepFailedException($"{program} {string.Join(' ', arguments.Take(4))} … failed: {(result.Error + result.Output).Trim()}", null);
    }
}

internal sealed record CommandResult(int ExitCode, string Output, string Error);
