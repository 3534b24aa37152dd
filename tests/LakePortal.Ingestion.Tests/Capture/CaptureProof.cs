using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>A server of their own for tests that take long, so that they run beside the others.</summary>
[CollectionDefinition(Name)]
public sealed class CaptureProof : ICollectionFixture<PostgresServer>
{
    public const string Name = "capture proof";
}

/// <summary>LAKE_LONG_TESTS=1 makes tests that are short by default go on for longer, and through more cases.</summary>
internal static class LongTests
{
    public static bool Are { get; } = Environment.GetEnvironmentVariable("LAKE_LONG_TESTS") == "1";
}
