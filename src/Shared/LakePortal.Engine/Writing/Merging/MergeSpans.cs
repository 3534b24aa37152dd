using System.Diagnostics;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Spans of a merge's steps, for traces and for measuring where its time goes.</summary>
internal static class MergeSpans
{
    public const string SourceName = "LakePortal.Engine.Merging";

    private static readonly ActivitySource Source = new(SourceName);

    public static async Task<T> RunAsync<T>(string step, Func<Task<T>> work)
    {
        using var span = Source.StartActivity(step);
        return await work();
    }
}
