using System.Runtime.CompilerServices;
using Bunit;

namespace LakePortal.Portal.Tests.Support;

/// <summary>A wait ends as soon as its state is there; how long it may take at most says nothing on a busy machine.</summary>
internal static class PatientWaits
{
    // CA2255: a test assembly is an application of its own, and bUnit's only setting for this is static.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void Set() => BunitContext.DefaultWaitTimeout = TimeSpan.FromSeconds(15);
#pragma warning restore CA2255
}
