using LakePortal.Cli.Client;

namespace LakePortal.Cli.Output;

/// <summary>How errors look: what happened, where, and what to do about it.</summary>
internal static class Report
{
    public static void Error(CliException exception, TextWriter output)
    {
        output.WriteLine($"error: {exception.Message}");
        if (exception is ServerException { Problem: var problem })
        {
            foreach (var fault in problem.Faults)
            {
                output.WriteLine($"  {Fault(fault)}");
            }
        }

        if (exception.Hint is { Length: > 0 } hint)
        {
            output.WriteLine($"hint: {hint}");
        }

        if (exception is ServerException { Problem: { Code: { } code } details })
        {
            output.WriteLine(details.TraceId is { } trace ? $"code: {code} (trace {trace})" : $"code: {code}");
        }
    }

    private static string Fault(ProblemFault fault)
    {
        var text = fault.Path.Length == 0 ? fault.Message : $"{fault.Path}: {fault.Message}";
        return fault.Hint is { Length: > 0 } hint ? $"{text} ({hint})" : text;
    }
}
