using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload.Mapping;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>Two staging tables of one lane: one is filled while the rows of the other are taken by a statement.</summary>
internal sealed class StagedPieces(IStagingArea area, TablePlan plan, Func<string, string> work) : IAsyncDisposable
{
    private readonly Piece[] _pieces = [new(area, plan), new(area, plan)];
    private int _current;

    public DataChunkBuilder Chunk => _pieces[_current].Begin();

    /// <summary>Bytes of the stream in the current piece.</summary>
    public long Bytes => _pieces[_current].Bytes;

    public void Append(int rows, int bytes) => _pieces[_current].Append(rows, bytes);

    /// <summary>Starts the statement on the current piece; filling goes on with the other one.</summary>
    public void HandOver()
    {
        _pieces[_current].Start(work);
        _current = 1 - _current;
    }

    /// <summary>Waits for all statements.</summary>
    public Task FinishAsync() => Task.WhenAll(_pieces.Select(p => p.Working));

    public async ValueTask DisposeAsync()
    {
        foreach (var piece in _pieces)
        {
            await piece.DisposeAsync();
        }
    }

    private sealed class Piece(IStagingArea area, TablePlan plan) : IAsyncDisposable
    {
        private readonly string _name = $"piece_{Guid.NewGuid():N}";
        private readonly DuckDBConnection _connection = area.OpenConnection();
        private ChunkAppender? _appender;
        private DataChunkBuilder? _chunk;

        public long Bytes { get; private set; }

        public Task Working { get; private set; } = Task.CompletedTask;

        public DataChunkBuilder Begin()
        {
            if (_chunk is { } open)
            {
                return open;
            }

            // The statement on this piece's last rows has to be over; its failure is the lane's.
            Working.GetAwaiter().GetResult();
            Execute($"CREATE OR REPLACE TABLE {_name} ({string.Join(", ", plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}")))})");
            _appender = ChunkAppender.Open(_connection, _name);
            Bytes = 0;
            return _chunk = _appender.CreateChunk();
        }

        public void Append(int rows, int bytes)
        {
            _appender!.Append(_chunk!, rows);
            Bytes += bytes;
        }

        public void Start(Func<string, string> work)
        {
            if (_appender is not { } appender)
            {
                return;
            }

            appender.Complete();
            Release();
            Working = Task.Run(() =>
            {
                Execute(work(_name));
                Execute($"DROP TABLE {_name}");
            });
        }

        public async ValueTask DisposeAsync()
        {
            await Working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Release();
            await _connection.DisposeAsync();
        }

        private void Release()
        {
            _chunk?.Dispose();
            _chunk = null;
            _appender?.Dispose();
            _appender = null;
        }

        private void Execute(string sql) => Sql.Execute(_connection, sql);
    }
}
