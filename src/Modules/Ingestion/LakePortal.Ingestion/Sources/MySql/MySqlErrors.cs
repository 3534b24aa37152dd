using System.Net.Sockets;
using System.Security.Authentication;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>Says in an operator's words what a failure of the connection or the server means. One place, so that the test of a connection and a run give the same reason.</summary>
internal static class MySqlErrors
{
    public const int TooManyConnections = 1040;
    public const int DatabaseDenied = 1044;
    public const int AccessDenied = 1045;
    public const int UnknownDatabase = 1049;
    public const int ServerShutdown = 1053;
    public const int UnknownColumn = 1054;
    public const int HostBlocked = 1129;
    public const int HostNotPrivileged = 1130;
    public const int TableAccessDenied = 1142;
    public const int ColumnAccessDenied = 1143;
    public const int NoSuchTable = 1146;
    public const int LockWaitTimeout = 1205;
    public const int BinlogEvents = 1220;
    public const int PrivilegeNeeded = 1227;
    public const int LogFatal = 1236;
    public const int QueryInterrupted = 1317;
    public const int ViewInvalid = 1356;
    public const int TableDefinitionChanged = 1412;
    public const int StatementTimeout = 1969;
    public const int ConnectionKilled = 1927;
    public const int StatementTimeoutMySql = 3024;
    public const int SameReader = 4052;

    /// <returns>Null: not an error of the source.</returns>
    public static LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null) => error switch
    {
        LakePortalException known => known,
        MySqlServerException server => FromServer(server, source, table),
        MySqlNotSpokenException missing => new SourceRefusedException(source.Name, missing.Message.Contains("TLS", StringComparison.Ordinal) ? "tls" : "authentication", missing.Message, missing.Hint, missing),
        AuthenticationException tls => new SourceRefusedException(source.Name, "tls", $"TLS to {source.Host}:{source.Port} failed: {tls.Message}",
            "verify-ca and verify-full need sslrootcert with the certificate that signed the server's; with verify-full the host has to be written as in the certificate.", tls),
        SocketException socket => FromSocket(socket, source, socket),
        IOException { InnerException: SocketException socket } e => FromSocket(socket, source, e),
        IOException { InnerException: EndOfStreamException } e => Broke(source, e),
        ObjectDisposedException e => Broke(source, e),
        TimeoutException e => new SourceUnavailableException(source.Name, $"{source.Host}:{source.Port} did not answer within {source.ConnectTimeout.TotalSeconds:0} s.",
            "Check the address, routes and firewalls; connect_timeout can be raised for slow links.", e),
        _ => null,
    };

    private static SourceUnavailableException Broke(SourceDefinition source, Exception e) =>
        new(source.Name, $"{source.Host}:{source.Port} closed the connection.", "Look at the server's log; a proxy or an idle limit in between may cut connections.", e);

    private static SourceUnavailableException FromSocket(SocketException socket, SourceDefinition source, Exception inner) => socket.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(source.Name, $"The host name '{source.Host}' cannot be resolved.", "Check the spelling, and that this machine's DNS knows it.", inner),
        SocketError.ConnectionRefused => new(source.Name, $"{source.Host}:{source.Port} refuses connections.", "Is the server running, on this port, and listening on this address (bind_address)?", inner),
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => new(source.Name, $"{source.Host}:{source.Port} does not answer.", "Check the address, routes and firewalls between this machine and the server.", inner),
        SocketError.ConnectionReset or SocketError.ConnectionAborted => new(source.Name, $"{source.Host}:{source.Port} closed the connection.", "Look at the server's log; a proxy or an idle limit in between may cut connections.", inner),
        _ => new(source.Name, $"The network failed on the way to {source.Host}:{source.Port}: {socket.Message}.", "Check the network between this machine and the server.", inner),
    };

    private static LakePortalException FromServer(MySqlServerException e, SourceDefinition source, string? table) => e.Number switch
    {
        AccessDenied => new SourceRefusedException(source.Name, "wrong-password", $"{source.Address} does not let '{source.Username}' in: {e.Text}.", PasswordHint(source), e),
        DatabaseDenied => new SourceRefusedException(source.Name, "database-privilege", $"'{source.Username}' may not use the database '{source.Database}'.", $"GRANT SELECT ON {MySqlSql.Quote(source.Database)}.* TO '{source.Username}'@'…';", e),
        UnknownDatabase => new SourceRefusedException(source.Name, "unknown-database", $"The server {source.Host}:{source.Port} has no database '{source.Database}'.", "SHOW DATABASES lists them; on most systems names keep their case.", e),
        HostBlocked or HostNotPrivileged => new SourceRefusedException(source.Name, "no-host-entry", $"The server does not let anybody in from here: {e.Text}.", $"The user has to be made for this machine's address: CREATE USER '{source.Username}'@'<address>' …", e),
        TableAccessDenied or ColumnAccessDenied => new SourceRefusedException(source.Name, "missing-privilege", $"'{source.Username}' lacks a privilege: {e.Text}.", $"GRANT SELECT ON {table ?? "the table"} TO '{source.Username}'@'…';", e),
        PrivilegeNeeded => new SourceRefusedException(source.Name, "missing-privilege", $"'{source.Username}' lacks a privilege: {e.Text}.", "GRANT what the message names ON *.* to the user.", e),
        NoSuchTable => new SourceTableMissingException(source.Name, table ?? e.Text, e),
        UnknownColumn or TableDefinitionChanged or ViewInvalid => new SourceTableChangedException(table ?? "a table", e.Text, e),
        LockWaitTimeout => new SourceUnavailableException(source.Name, $"{table ?? "A table"} is locked by somebody else: {e.Text}.", "A DDL statement or LOCK TABLES holds it; wait for it, or raise lock_timeout of the source.", e),
        QueryInterrupted or StatementTimeout or StatementTimeoutMySql => new SourceUnavailableException(source.Name, $"The server stopped the statement: {e.Text}.", "Raise statement_timeout of the source, or see who killed it in the server's log.", e),
        SameReader or LogFatal when e.Text.Contains("same server", StringComparison.Ordinal) => new SourceUnavailableException(source.Name, $"Another reader has this one's number, and the server keeps only one of them: {e.Text}.",
            "Give the source a number of its own: server_id: <number>.", e),
        LogFatal => new SourceUnavailableException(source.Name, $"The server cannot read its binary log: {e.Text}.", "The capture begins anew; if the log is not there any more, the tables are loaded again.", e),
        TooManyConnections => new SourceUnavailableException(source.Name, $"The server has no connection left: {e.Text}.", "Raise max_connections, or lower parallelism of the source.", e),
        ServerShutdown or ConnectionKilled => new SourceUnavailableException(source.Name, $"The server {source.Host}:{source.Port} ended the connection: {e.Text}.", "The run retries by itself where it can.", e),
        _ when e.SqlState.StartsWith("08", StringComparison.Ordinal) => new SourceUnavailableException(source.Name, $"The server {source.Host}:{source.Port} is not available: {e.Text}.", "The run retries by itself where it can.", e),
        _ => new SourceRefusedException(source.Name, $"error-{e.Number}", $"The server answered: {e.Message}.", "Look at the server's log.", e),
    };

    private static string PasswordHint(SourceDefinition source) =>
        source.Password is not { } reference ? $"The source names no password: store it with ./lake secret set {source.Name}, and add password: ${{secret:{source.Name}}}."
        : reference.StartsWith("${secret:", StringComparison.Ordinal) ? $"Store the right password with: ./lake secret set {reference["${secret:".Length..].TrimEnd('}')} (asks for the value), on the Secrets page, or in the form where the source is added; and see that the user may come from this machine's address."
        : $"The password comes from {reference}: set the variable for the portal's process, and start it again.";
}

internal static class MySqlSql
{
    public static string Quote(string identifier) => $"`{identifier.Replace("`", "``", StringComparison.Ordinal)}`";

    public static string Qualified(string schema, string name) => $"{Quote(schema)}.{Quote(name)}";

    /// <remarks>Right also where backslashes are no escapes.</remarks>
    public static string Literal(string value) => value.Contains('\\', StringComparison.Ordinal)
        ? $"CONVERT(0x{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(value))} USING utf8mb4)"
        : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
