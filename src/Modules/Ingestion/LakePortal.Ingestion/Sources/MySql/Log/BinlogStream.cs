using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>An event of the binary log.</summary>
/// <param name="type">Its number in the protocol.</param>
/// <param name="at">Where it begins.</param>
/// <param name="end">Where it ends, and the next one begins.</param>
/// <param name="time">By the server's clock, in seconds.</param>
/// <param name="body">Behind the header, without the checksum.</param>
internal readonly ref struct BinlogEvent(byte type, LogPosition at, LogPosition end, uint time, ReadOnlySpan<byte> body)
{
    public byte Type { get; } = type;

    public LogPosition At { get; } = at;

    public LogPosition End { get; } = end;

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(time);

    public ReadOnlySpan<byte> Body { get; } = body;
}

/// <summary>Numbers of events (<c>log_event.h</c>).</summary>
internal static class BinlogEvents
{
    public const byte Query = 2, Rotate = 4, FormatDescription = 15, Xid = 16, TableMap = 19, WriteV1 = 23, DeleteV1 = 25, Incident = 26, Heartbeat = 27, WriteV2 = 30, DeleteV2 = 32, MySqlGtid = 33, AnonymousGtid = 34,
        XaPrepare = 38, PartialUpdate = 39, TransactionPayload = 40, HeartbeatV2 = 41, TaggedGtid = 42, MariaGtid = 162, QueryCompressed = 165, WriteCompressedV1 = 166, DeleteCompressedV1 = 168, WriteCompressed = 169,
        DeleteCompressed = 171;
}

/// <summary>The binary log from a place on, event by event. The place of each is known, and its checksum is checked.</summary>
internal sealed class BinlogStream
{
    private const byte RegisterReplica = 21, DumpLog = 18;
    private const int HeaderBytes = 19;
    private const int ChecksumBytes = 4;

    private readonly MySqlSession _log;
    private LogPosition _at;
    private bool _hasChecksums;

    private BinlogStream(MySqlSession log, LogPosition from) => (_log, _at) = (log, from);

    /// <param name="log">A session of its own.</param>
    /// <param name="file">Name of the log's file.</param>
    /// <param name="from">Where an event begins.</param>
    /// <param name="replica">A number of the reader's own, so that the server ends its session of before; 0: one that reads to the end of the log and no further.</param>
    public static BinlogStream Start(MySqlSession log, string file, LogPosition from, uint replica)
    {
        // Checksums as the log has them. A beat each second says that an idle server is there.
        var checksums = log.Query("SHOW GLOBAL VARIABLES LIKE 'binlog_checksum'") is [var row] ? row[1]! : "NONE";
        log.Execute($"SET @master_binlog_checksum = {MySqlSql.Literal(checksums)}, @source_binlog_checksum = {MySqlSql.Literal(checksums)}, @master_heartbeat_period = 1000000000, @source_heartbeat_period = 1000000000, @mariadb_slave_capability = 4");
        if (replica != 0)
        {
            var register = new byte[18];
            BinaryPrimitives.WriteUInt32LittleEndian(register, replica);
            log.Send(RegisterReplica, register);
            _ = log.ReadPacket();
        }

        from = LogPosition.InFile(from.File, Math.Max(4, from.Place));
        var name = Encoding.UTF8.GetBytes(file);
        var dump = new byte[10 + name.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(dump, from.Place);
        BinaryPrimitives.WriteUInt16LittleEndian(dump.AsSpan(4), (ushort)(replica == 0 ? 1 : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(dump.AsSpan(6), replica);
        name.CopyTo(dump, 10);
        log.Send(DumpLog, dump);
        return new BinlogStream(log, from) { _hasChecksums = checksums.Equals("CRC32", StringComparison.OrdinalIgnoreCase) };
    }

    /// <summary>Waits for the next event.</summary>
    /// <returns>False: the log ends here.</returns>
    public bool Read(out BinlogEvent read)
    {
        var packet = _log.ReadPacket();
        if (packet[0] == 0xFE && packet.Length < 9)
        {
            read = default;
            return false;
        }

        var message = packet[1..];
        var type = message[4];
        var isFormat = type == BinlogEvents.FormatDescription;
        if (isFormat)
        {
            // The last bytes of its body say what follows each event.
            _hasChecksums = message[^(ChecksumBytes + 1)] == 1;
        }

        if (_hasChecksums)
        {
            Check(message);
        }

        var body = message[HeaderBytes..^(_hasChecksums || isFormat ? ChecksumBytes : 0)];
        var (at, place) = (_at, BinaryPrimitives.ReadUInt32LittleEndian(message[13..]));
        if (type == BinlogEvents.Rotate)
        {
            _at = LogPosition.InFile(BinaryLog.NumberOf(Encoding.UTF8.GetString(body[8..]).TrimEnd('\0')), (uint)Math.Min(uint.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(body)));
        }
        else if (type is not (BinlogEvents.Heartbeat or BinlogEvents.HeartbeatV2) && place != 0)
        {
            // What the server makes up for its readers has no place. Behind 4 GiB, where a single transaction may take a file, places begin anew.
            _at = LogPosition.InFile(_at.File, place >= _at.Place ? place : uint.MaxValue);
        }

        read = new BinlogEvent(type, at, _at, BinaryPrimitives.ReadUInt32LittleEndian(message), body);
        return true;
    }

    private void Check(ReadOnlySpan<byte> message)
    {
        if (message.Length >= HeaderBytes + ChecksumBytes && Crc32.HashToUInt32(message[..^ChecksumBytes]) != BinaryPrimitives.ReadUInt32LittleEndian(message[^ChecksumBytes..]))
        {
            throw new IOException($"An event of the binary log near {_at} does not match its checksum.", new EndOfStreamException());
        }
    }
}
