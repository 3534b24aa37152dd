namespace LakePortal.Ingestion.Sources.MySql.Wire;

/// <summary>An error packet of the server.</summary>
internal sealed class MySqlServerException(int number, string sqlState, string text) : Exception($"{text} ({number}, {sqlState})")
{
    public int Number { get; } = number;

    public string SqlState { get; } = sqlState;

    public string Text { get; } = text;
}

/// <summary>The server asks for what this client does not speak.</summary>
internal sealed class MySqlNotSpokenException(string what, string hint) : Exception(what)
{
    public string Hint { get; } = hint;
}
