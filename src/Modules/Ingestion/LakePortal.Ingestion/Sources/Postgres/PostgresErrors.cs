using System.Net.Sockets;
using System.Security.Authentication;
using LakePortal.Kernel.Errors;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>Says in an operator's words what a failure of the driver or the server means. One place, so that the test of a connection and a run give the same reason.</summary>
internal static class PostgresErrors
{
    /// <returns>Null: not an error of the source.</returns>
    public static LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null) => error switch
    {
        LakePortalException known => known,
        PostgresException server => FromServer(server, source, table),
        NpgsqlException { InnerException: SocketException socket } e => FromSocket(socket, source, e),
        NpgsqlException { InnerException: AuthenticationException tls } e => Tls(source, tls.Message, e),
        NpgsqlException { InnerException: TimeoutException } e => TimedOut(source, e),
        NpgsqlException e when e.Message.Contains("SSL", StringComparison.OrdinalIgnoreCase) => Tls(source, e.Message, e),
        NpgsqlException e when e.Message.Contains("No password", StringComparison.OrdinalIgnoreCase) => new SourceRefusedException(source.Name, "wrong-password",
            $"{source.Address} asks '{source.Username}' for a password and none is set.", "Set password: ${secret:name} and store the secret.", e),
        NpgsqlException e => new SourceUnavailableException(source.Name, $"The connection to {source.Address} broke: {e.InnerException?.Message ?? e.Message}.",
            "Look at the server's log; the run retries by itself where it can.", e),
        SocketException socket => FromSocket(socket, source, socket),
        TimeoutException e => TimedOut(source, e),
        AuthenticationException tls => Tls(source, tls.Message, tls),
        IOException { InnerException: SocketException socket } e => FromSocket(socket, source, e),
        _ => null,
    };

    private static SourceUnavailableException FromSocket(SocketException socket, SourceDefinition source, Exception inner) => socket.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(source.Name, $"The host name '{source.Host}' cannot be resolved.", "Check the spelling, and that this machine's DNS knows it.", inner),
        SocketError.ConnectionRefused => new(source.Name, $"{source.Host}:{source.Port} refuses connections.", "Is the server running, on this port, and listening on this address (listen_addresses)?", inner),
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => new(source.Name, $"{source.Host}:{source.Port} does not answer.", "Check the address, routes and firewalls between this machine and the server.", inner),
        SocketError.ConnectionReset or SocketError.ConnectionAborted => new(source.Name, $"{source.Host}:{source.Port} closed the connection.", "Look at the server's log; a proxy or an idle limit in between may cut connections.", inner),
        _ => new(source.Name, $"The network failed on the way to {source.Host}:{source.Port}: {socket.Message}.", "Check the network between this machine and the server.", inner),
    };

    private static SourceUnavailableException TimedOut(SourceDefinition source, Exception e) => new(source.Name,
        $"{source.Host}:{source.Port} did not answer within {source.ConnectTimeout.TotalSeconds:0} s.", "Check the address, routes and firewalls; connect_timeout can be raised for slow links.", e);

    private static SourceRefusedException Tls(SourceDefinition source, string detail, Exception e) => source.Verifies && detail.Contains("certificate", StringComparison.OrdinalIgnoreCase)
        ? new(source.Name, "tls",
            $"The certificate of {source.Host}:{source.Port} is not accepted: {(source.Sslrootcert is { } file ? $"it was not signed by what {file} holds" : "this machine does not trust who signed it")}{(source.Sslmode == "verify-full" ? $", or it is not made out to '{source.Host}'" : "")}.",
            "sslrootcert names the file with the certificate that signed the server's; the host has to be written as in the server's certificate, or sslmode: verify-ca leaves the name out.", e)
        : new(source.Name, "tls",
            $"TLS to {source.Host}:{source.Port} failed: {detail}.", "sslmode require needs TLS on the server; verify-ca and verify-full need sslrootcert with the certificate that signed the server's.", e);

    private static LakePortalException FromServer(PostgresException e, SourceDefinition source, string? table) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword => new SourceRefusedException(source.Name, "wrong-password",
            $"{source.Address} does not accept the password of '{source.Username}'.", PasswordHint(source), e),
        PostgresErrorCodes.InvalidAuthorizationSpecification when e.MessageText.Contains("pg_hba", StringComparison.Ordinal) => new SourceRefusedException(source.Name, "no-hba-entry",
            $"The server has no rule that lets '{source.Username}' in from here: {e.MessageText}.", "Add a line to pg_hba.conf for this machine's address and this database, then reload the server.", e),
        PostgresErrorCodes.InvalidAuthorizationSpecification => new SourceRefusedException(source.Name, "unknown-role",
            $"{source.Address} does not let '{source.Username}' sign in: {e.MessageText}.", "Check the user name; the role needs LOGIN.", e),
        PostgresErrorCodes.InvalidCatalogName => new SourceRefusedException(source.Name, "unknown-database",
            $"The server {source.Host}:{source.Port} has no database '{source.Database}'.", "Names keep their case; psql -l lists the databases.", e),
        PostgresErrorCodes.InsufficientPrivilege => new SourceRefusedException(source.Name, "missing-privilege",
            $"'{source.Username}' lacks a privilege: {e.MessageText}.", PrivilegeHint(e, source), e),
        PostgresErrorCodes.UndefinedTable => new SourceTableMissingException(source.Name, table ?? e.MessageText, e),
        PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.DatatypeMismatch or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.FeatureNotSupported
            => new SourceTableChangedException(table ?? "a table", e.MessageText, e),
        PostgresErrorCodes.QueryCanceled => new SourceUnavailableException(source.Name, $"The server stopped the statement: {e.MessageText}.", "Raise statement_timeout of the source, or see who cancelled it in the server's log.", e),
        PostgresErrorCodes.LockNotAvailable => new SourceUnavailableException(source.Name, $"{table ?? "A table"} is locked by somebody else: {e.MessageText}.", "A DDL statement or VACUUM FULL holds it; wait for it, or raise lock_timeout of the source.", e),
        PostgresErrorCodes.TooManyConnections => new SourceUnavailableException(source.Name, $"The server has no connection left: {e.MessageText}.", "Raise max_connections, or lower parallelism of the source.", e),
        PostgresErrorCodes.ObjectNotInPrerequisiteState or "72000"
            => new SourceUnavailableException(source.Name, $"The snapshot cannot be used any more: {e.MessageText}.", "The run takes a new one.", e),
        _ when e.SqlState.StartsWith("08", StringComparison.Ordinal) || e.SqlState.StartsWith("57P", StringComparison.Ordinal) || e.SqlState.StartsWith("53", StringComparison.Ordinal) || e.IsTransient
            => new SourceUnavailableException(source.Name, $"The server {source.Host}:{source.Port} is not available: {e.MessageText}.", "The run retries by itself where it can.", e),
        _ => new SourceRefusedException(source.Name, $"sqlstate-{e.SqlState}", $"The server answered: {e.MessageText} ({e.SqlState}).", e.Hint ?? "Look at the server's log.", e),
    };

    private static string PasswordHint(SourceDefinition source) =>
        source.Password is not { } reference ? $"The source names none: store it with ./lake secret set {source.Name}, and add password: ${{secret:{source.Name}}}."
        : reference.StartsWith("${secret:", StringComparison.Ordinal) ? $"Store the right one with: ./lake secret set {reference["${secret:".Length..].TrimEnd('}')} (asks for the value), on the Secrets page, or in the form where the source is added."
        : $"It comes from {reference}: set the variable for the portal's process, and start it again.";

    private static string PrivilegeHint(PostgresException e, SourceDefinition source) =>
        e.MessageText.Contains("for schema", StringComparison.Ordinal) ? $"GRANT USAGE ON SCHEMA {e.SchemaName ?? "…"} TO \"{source.Username}\";"
        : e.MessageText.Contains("for database", StringComparison.Ordinal) ? $"GRANT CONNECT ON DATABASE \"{source.Database}\" TO \"{source.Username}\";"
        : e.MessageText.Contains("row-level security", StringComparison.Ordinal) ? $"A row-level policy would hide rows: read as the owner, or ALTER ROLE \"{source.Username}\" BYPASSRLS;"
        : $"GRANT SELECT ON {e.TableName ?? "the table"} TO \"{source.Username}\";";
}
