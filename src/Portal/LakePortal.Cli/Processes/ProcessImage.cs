using System.Runtime.InteropServices;

namespace LakePortal.Cli.Processes;

/// <summary>Replaces this process by another program.</summary>
internal static partial class ProcessImage
{
    /// <summary>Does not return when it worked.</summary>
    /// <exception cref="StepFailedException">The program cannot be started.</exception>
    public static int Replace(string program, IReadOnlyList<string> arguments)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        string?[] all = [program, .. arguments, null];
        _ = Execv(program, all);
        throw new StepFailedException(
            $"Cannot start {program}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}", "Is the .NET runtime still installed?");
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execv(string path, string?[] arguments);
}
