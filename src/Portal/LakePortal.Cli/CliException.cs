using LakePortal.Cli.Client;

namespace LakePortal.Cli;

/// <summary>Exit codes of every command.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    public const int Failed = 1;

    public const int WrongUsage = 2;

    /// <summary>The question was answered, and the answer is no: different, denied, unhealthy.</summary>
    public const int No = 3;
}

/// <summary>Everything that ends a command early. Printed as message and hint.</summary>
internal abstract class CliException(string message, string? hint, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    public string? Hint { get; } = hint;

    public int ExitCode { get; } = exitCode;
}

/// <summary>A file, an option or an environment variable is not what the command needs.</summary>
internal sealed class UsageException(string message, string? hint) : CliException(message, hint, Cli.ExitCode.WrongUsage);

/// <summary>No server answers at the address.</summary>
internal sealed class UnreachableException(Uri address, Exception inner)
    : CliException(
        $"No server answers at {address.GetLeftPart(UriPartial.Authority)}: {inner.GetBaseException().Message}",
        "Start one with './lake up', or set LAKE_URL to the address of a running one.", Cli.ExitCode.Failed, inner)
{
    public Uri Address { get; } = address;
}

/// <summary>No token was found to sign in with.</summary>
internal sealed class NoTokenException(string tokenFile)
    : CliException(
        $"There is no token: {tokenFile} does not exist or cannot be read.",
        "Set LAKE_TOKEN, or pass --data DIR with the data directory of the server.", Cli.ExitCode.Failed);

/// <summary>The server refused or failed; carries its problem details.</summary>
internal sealed class ServerException(int status, Problem problem)
    : CliException(problem.Message, problem.Hint, status == 403 ? Cli.ExitCode.No : Cli.ExitCode.Failed)
{
    public int Status { get; } = status;

    public Problem Problem { get; } = problem;
}

/// <summary>A step of the command itself failed.</summary>
internal sealed class StepFailedException(string message, string? hint, Exception? inner = null)
    : CliException(message, hint, Cli.ExitCode.Failed, inner);
