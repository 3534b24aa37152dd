using System.Buffers.Binary;
using System.Globalization;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Events of the binary log (documentation "Replication Protocol", <c>log_event.h</c>), both flavours, to what a receiver of changes takes. One thread.</summary>
internal sealed partial class BinlogParser(SourceDefinition source, Definitions definitions, TableMaps maps)
{
    private const byte StartAlter = 2, RollbackAlter = 8;
    private const byte Standalone = 1, GroupCommit = 2, PreparedXa = 64, CompletedXa = 128;

    private readonly RowText _before = new();
    private readonly RowText _after = new();
    private readonly HashSet<CapturedTable> _touched = [];
    private readonly Dictionary<string, HashSet<CapturedTable>> _prepared = new(StringComparer.OrdinalIgnoreCase);
    private LogPosition _group;
    private bool _inGroup;
    private bool _isTransaction;
    private bool _isStatementIgnored;
    private string? _xa;
    private long _number;

    /// <param name="read">The next event.</param>
    /// <param name="receiver">Takes the changes.</param>
    /// <returns>Whether more of the same transaction has to come.</returns>
    public LogData Parse(in BinlogEvent read, ILogReceiver receiver)
    {
        try
        {
            Event(read, receiver);
            return _inGroup ? LogData.Message : LogData.Keepalive;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentOutOfRangeException or FormatException or OverflowException or InvalidDataException)
        {
            throw new SourceProtocolException($"An event of the binary log at {read.At} (type {read.Type}) is not as it should be: {e.Message}", e);
        }
    }

    private void Event(in BinlogEvent read, ILogReceiver receiver)
    {
        var body = read.Body;
        switch (read.Type)
        {
            case BinlogEvents.MariaGtid:
                Begin(read, read.Time, (long)BinaryPrimitives.ReadUInt64LittleEndian(body), receiver);
                ReadFlags(body);
                break;
            case BinlogEvents.MySqlGtid or BinlogEvents.AnonymousGtid:
                Begin(read, CommitTime(body) ?? read.Time, (long)BinaryPrimitives.ReadUInt64LittleEndian(body[17..]), receiver);
                break;
            case BinlogEvents.TaggedGtid:
                Begin(read, read.Time, ++_number, receiver);
                break;
            case BinlogEvents.Query or BinlogEvents.QueryCompressed:
                Statement(QueryEvent.Read(read), read, receiver);
                break;
            case BinlogEvents.Xid:
                Commit(read, receiver);
                break;
            case BinlogEvents.XaPrepare:
                Prepared(read, receiver);
                break;
            case BinlogEvents.TableMap:
                Map(body, receiver);
                break;
            case >= BinlogEvents.WriteV1 and <= BinlogEvents.DeleteV1:
                Rows(read.Type - BinlogEvents.WriteV1, read, hasExtra: false, isCompressed: false, receiver);
                break;
            case >= BinlogEvents.WriteV2 and <= BinlogEvents.DeleteV2:
                Rows(read.Type - BinlogEvents.WriteV2, read, hasExtra: true, isCompressed: false, receiver);
                break;
            case >= BinlogEvents.WriteCompressedV1 and <= BinlogEvents.DeleteCompressedV1:
                Rows(read.Type - BinlogEvents.WriteCompressedV1, read, hasExtra: false, isCompressed: true, receiver);
                break;
            case >= BinlogEvents.WriteCompressed and <= BinlogEvents.DeleteCompressed:
                Rows(read.Type - BinlogEvents.WriteCompressed, read, hasExtra: true, isCompressed: true, receiver);
                break;
            case BinlogEvents.PartialUpdate or BinlogEvents.TransactionPayload:
                throw new CaptureNotPossibleException(source.Name, "log-options", $"The binary log has {(read.Type == BinlogEvents.PartialUpdate ? "parts of JSON values" : "compressed transactions")} at {read.At}, which are not read.",
                    "SET GLOBAL binlog_row_value_options = ''; SET GLOBAL binlog_transaction_compression = OFF; then load the tables again: what was logged before cannot be read (PURGE BINARY LOGS up to now, and the capture heals itself).");
            case BinlogEvents.Incident:
                maps.LoadAgain(_inGroup ? _group : read.At, "The server lost events of its log (an incident is logged)");
                break;
            default:
                // Formats, lists of GTIDs, statements for people, checkpoints, rotations: nothing that changes a row.
                break;
        }
    }

    private void Begin(in BinlogEvent read, DateTimeOffset at, long number, ILogReceiver receiver)
    {
        if (_inGroup)
        {
            // The server went down while it wrote the group before.
            Undone("a transaction that was never committed was logged in part");
        }

        (_group, _inGroup, _isTransaction, _isStatementIgnored, _number, _xa) = (read.At, true, false, false, number, null);
        _touched.Clear();
        maps.Begin();
        receiver.Begin(new LoggedTransaction(read.At, at, number));
    }

    /// <summary>Of MariaDB's GTID event: what kind of group it begins.</summary>
    private void ReadFlags(ReadOnlySpan<byte> body)
    {
        var flags = body[12];
        _isTransaction = (flags & Standalone) == 0;
        var rest = body[13..];
        if ((flags & GroupCommit) != 0)
        {
            rest = rest[8..];
        }
        else if (body.Length == 19)
        {
            // Without an id of the group commit six bytes are left empty.
            return;
        }

        if ((flags & (PreparedXa | CompletedXa)) != 0)
        {
            var (format, global, branch) = (BinaryPrimitives.ReadInt32LittleEndian(rest), rest[4], rest[5]);
            if ((flags & PreparedXa) != 0)
            {
                _xa = string.Create(CultureInfo.InvariantCulture, $"X{Convert.ToHexString(rest.Slice(6, global))},X{Convert.ToHexString(rest.Slice(6 + global, branch))},{format}");
            }

            rest = rest[(6 + global + branch)..];
        }

        // ALTER TABLE may be logged twice, when it begins and when it is done: only then columns are others.
        _isStatementIgnored = rest.Length > 0 && (rest[0] & (StartAlter | RollbackAlter)) != 0;
    }

    private void Commit(in BinlogEvent read, ILogReceiver receiver)
    {
        if (_inGroup)
        {
            _inGroup = false;
            receiver.Commit(read.End);
        }
    }

    /// <summary>Changes were handed on that the source has undone. That is rare: their tables are loaded again.</summary>
    private void Undone(string why)
    {
        foreach (var table in _touched)
        {
            definitions.LoadAgain(table, _group, $"Of {table.Sync.SourceTable} {why}");
        }
    }

    /// <summary>From MySQL 8.0 on the event holds when the transaction was committed, in microseconds.</summary>
    private static DateTimeOffset? CommitTime(ReadOnlySpan<byte> body) =>
        body.Length >= 49 ? DateTimeOffset.UnixEpoch.AddMicroseconds(BinlogBytes.Number(body[42..], 7) & 0x7FFFFFFFFFFFFF) : null;

    private void Statement(QueryEvent query, in BinlogEvent read, ILogReceiver receiver)
    {
        var statement = LoggedStatement.Read(query.Sql);
        switch (statement.Kind)
        {
            case StatementKind.Begin:
                if (!_inGroup)
                {
                    Begin(read, read.Time, ++_number, receiver);
                }

                _isTransaction = true;
                return;
            case StatementKind.Commit:
                Commit(read, receiver);
                return;
            case StatementKind.Rollback:
                Undone("changes were logged and then undone");
                Commit(read, receiver);
                return;
            case StatementKind.XaStart:
                (_xa, _isTransaction) = (statement.Transaction, true);
                return;
            case StatementKind.XaEnd:
                Complete(statement.Transaction, read.At);
                Commit(read, receiver);
                return;
            case StatementKind.XaUndone:
                _ = _prepared.Remove(statement.Transaction);
                Commit(read, receiver);
                return;
            case StatementKind.Other:
                break;
            default:
                Apply(statement, query, read, receiver);
                break;
        }

        if (!_isTransaction)
        {
            Commit(read, receiver);
        }
    }

    private void Apply(LoggedStatement statement, QueryEvent query, in BinlogEvent read, ILogReceiver receiver)
    {
        if (_isStatementIgnored)
        {
            return;
        }

        if (!_inGroup)
        {
            Begin(read, read.Time, ++_number, receiver);
        }

        foreach (var truncated in definitions.Apply(statement, query.Schema, _group, read.End))
        {
            if (maps.Truncated(truncated, _group, receiver) is { } relation)
            {
                receiver.Truncate([relation]);
            }
        }

        maps.Forget();
    }

    /// <summary>The changes of a prepared (XA) transaction come before anybody knows whether it will be committed, and are not taken: its tables are loaded again when it is.</summary>
    private void Prepared(in BinlogEvent read, ILogReceiver receiver)
    {
        // MySQL logs a transaction that is prepared and committed at once in the same way.
        var isCommitted = read.Body.Length > 0 && read.Body[0] != 0;
        if (isCommitted)
        {
            Undone("changes of an XA transaction were committed");
        }
        else if (_xa is not null)
        {
            _prepared[_xa] = [.. _touched];
        }

        Commit(read, receiver);
    }

    private void Complete(string transaction, LogPosition at)
    {
        const string Why = "An XA transaction was committed";
        if (!_prepared.Remove(transaction, out var changed))
        {
            // It was prepared before this session began.
            maps.LoadAgain(_inGroup ? _group : at, Why);
            return;
        }

        foreach (var table in changed)
        {
            definitions.LoadAgain(table, _inGroup ? _group : at, Why);
        }
    }
}
