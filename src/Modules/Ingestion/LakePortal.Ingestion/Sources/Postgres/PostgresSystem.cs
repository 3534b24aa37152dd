using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Kernel.Errors;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres;

internal sealed class PostgresSystem(PostgresConnector connector) : SourceSystem
{
    public override IReadOnlyList<string> Types { get; } = ["postgres"];

    public override async Task<(string Product, string Version)> SignInAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        return ("PostgreSQL", connection.ServerVersion);
    }

    public override Task<IReadOnlyList<SourceTable>> ReadTablesAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<SourceTable>>(source, async c => await PgCatalog.ReadAllAsync(c, cancellationToken), cancellationToken);

    public override Task<CaptureNotPossibleException?> FindObstacleAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        AskAsync(source, c => new SlotManager(source, c).FindObstacleAsync(cancellationToken), cancellationToken);

    public override async Task<LogPosition?> PositionAsync(SourceDefinition source, CancellationToken cancellationToken) => await AskAsync(source, PgCatalogSql.Position, cancellationToken);

    public override async Task<LogPosition> NextPositionAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await AskAsync(source, PgCatalogSql.InsertPosition, cancellationToken) ?? throw new SourceProtocolException("The server does not say where its log is.");

    public override async Task<LogPosition> FlushedPositionAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await AskAsync(source, PgCatalogSql.FlushedPosition, cancellationToken) ?? throw new SourceProtocolException("The server does not say where its log is.");

    public override async Task<LoadSnapshot> TakeAsync(SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken) =>
        new PgLoadSnapshot(await SourceSnapshot.TakeAsync(connector, source, exactWait, cancellationToken));

    public override Task ForgetReaderAsync(SourceDefinition source, string slot, string publication, CancellationToken cancellationToken) => AskAsync(
        source,
        async c =>
        {
            await new SlotManager(source, c).DropAsync(slot, publication, cancellationToken);
            return true;
        },
        cancellationToken);

    public override Task<KeptLog?> KeptLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken) => AskAsync(
        source,
        async c => await PositionAsync(c, PgCatalogSql.InsertPosition, cancellationToken) is { } position && await new SlotManager(source, c).FindSlotAsync(slot, cancellationToken) is { } facts ? new KeptLog(position, facts) : null,
        cancellationToken);

    public override Task GiveUpLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken) => AskAsync(
        source,
        async c =>
        {
            await new SlotManager(source, c).DropSlotAsync(slot, cancellationToken);
            return true;
        },
        cancellationToken);

    public override LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null) => PostgresErrors.Translate(error, source, table);

    public override string GrantHint(SourceDefinition source, SourceTable table) =>
        $"GRANT USAGE ON SCHEMA {PgSql.Quote(table.Schema)} TO \"{source.Username}\"; GRANT SELECT ON {table.Sql} TO \"{source.Username}\";";

    private Task<LogPosition?> AskAsync(SourceDefinition source, string sql, CancellationToken cancellationToken) => AskAsync(source, c => PositionAsync(c, sql, cancellationToken), cancellationToken);

    private static async Task<LogPosition?> PositionAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return LogPosition.TryParse(await command.ExecuteScalarAsync(cancellationToken) as string);
    }

    private async Task<T> AskAsync<T>(SourceDefinition source, Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            return await question(connection);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }
}
