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

    public override async Task<IReadOnlyList<SourceTable>> ReadTablesAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            return await PgCatalog.ReadAllAsync(connection, cancellationToken);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task<CaptureNotPossibleException?> FindObstacleAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            return await new SlotManager(source, connection).FindObstacleAsync(cancellationToken);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task<LogPosition?> PositionAsync(SourceDefinition source, CancellationToken cancellationToken) => await AskAsync(source, PgCatalogSql.Position, cancellationToken);

    public override async Task<LogPosition> NextPositionAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await AskAsync(source, PgCatalogSql.InsertPosition, cancellationToken) ?? throw new SourceProtocolException("The server does not say where its log is.");

    public override async Task<LogPosition> FlushedPositionAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await AskAsync(source, PgCatalogSql.FlushedPosition, cancellationToken) ?? throw new SourceProtocolException("The server does not say where its log is.");

    public override async Task<LoadSnapshot> TakeAsync(SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken) =>
        new PgLoadSnapshot(await SourceSnapshot.TakeAsync(connector, source, exactWait, cancellationToken));

    public override async Task ForgetReaderAsync(SourceDefinition source, string slot, string publication, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            await new SlotManager(source, connection).DropAsync(slot, publication, cancellationToken);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task<KeptLog?> KeptLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken)
    {
        if (await AskAsync(source, PgCatalogSql.InsertPosition, cancellationToken) is not { } position)
        {
            return null;
        }

        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            return await new SlotManager(source, connection).FindSlotAsync(slot, cancellationToken) is { } facts ? new KeptLog(position, facts) : null;
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task GiveUpLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            await using var drop = new NpgsqlCommand(PgCatalogSql.DropSlot, connection) { Parameters = { new() { Value = slot } } };
            _ = await drop.ExecuteScalarAsync(cancellationToken);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }

    public override LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null) => PostgresErrors.Translate(error, source, table);

    public override string GrantHint(SourceDefinition source, SourceTable table) =>
        $"GRANT USAGE ON SCHEMA {PgSql.Quote(table.Schema)} TO \"{source.Username}\"; GRANT SELECT ON {table.Sql} TO \"{source.Username}\";";

    private async Task<LogPosition?> AskAsync(SourceDefinition source, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return LogPosition.TryParse(await command.ExecuteScalarAsync(cancellationToken) as string);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }
}
