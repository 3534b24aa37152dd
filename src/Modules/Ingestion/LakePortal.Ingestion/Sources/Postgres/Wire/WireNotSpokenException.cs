namespace LakePortal.Ingestion.Sources.Postgres.Wire;

/// <summary>The server asks for something that <see cref="WireConnection"/> does not speak; the driver does. Handled by whoever opens connections.</summary>
internal sealed class WireNotSpokenException(string what) : Exception($"The server asks for {what}.");
