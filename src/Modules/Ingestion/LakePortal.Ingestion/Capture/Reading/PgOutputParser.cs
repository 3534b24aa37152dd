using System.Buffers.Binary;
using System.Text;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Reading;

/// <summary>Messages of the output plug-in pgoutput, protocol version 1 (documentation, "Logical Replication Message Formats"), without making objects of rows.</summary>
internal static class PgOutputParser
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void Parse(ReadOnlySpan<byte> message, ILogReceiver receiver)
    {
        try
        {
            var type = message[0];
            var rest = message[1..];
            switch (type)
            {
                case (byte)'B':
                    receiver.Begin(new LoggedTransaction(new LogPosition(UInt64(ref rest)), Epoch.AddMicroseconds(Int64(ref rest)), UInt32(ref rest)));
                    break;
                case (byte)'C':
                    rest = rest[9..];
                    receiver.Commit(new LogPosition(UInt64(ref rest)));
                    break;
                case (byte)'R':
                    receiver.Describe(ReadRelation(rest));
                    break;
                case (byte)'I':
                    var inserted = UInt32(ref rest);
                    rest = rest[1..];
                    receiver.Insert(inserted, LoggedRow.Read(ref rest));
                    break;
                case (byte)'U':
                    Update(rest, receiver);
                    break;
                case (byte)'D':
                    var deleted = UInt32(ref rest);
                    var kind = Kind(rest[0]);
                    rest = rest[1..];
                    receiver.Delete(deleted, kind, LoggedRow.Read(ref rest));
                    break;
                case (byte)'T':
                    Truncate(rest, receiver);
                    break;
                case (byte)'M':
                    rest = rest[9..];
                    var prefix = Text(ref rest);
                    var length = (int)UInt32(ref rest);
                    receiver.Message(prefix, rest[..length]);
                    break;
                case (byte)'O' or (byte)'Y':
                    // An origin, and the name of a type, change no row.
                    break;
                default:
                    throw new SourceProtocolException($"The log holds a message of the unknown kind '{(char)type}'.");
            }
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            throw new SourceProtocolException("A message of the log ends too early.", e);
        }
    }

    private static void Update(ReadOnlySpan<byte> rest, ILogReceiver receiver)
    {
        var relation = UInt32(ref rest);
        if (rest[0] == (byte)'N')
        {
            rest = rest[1..];
            receiver.Update(relation, OldRow.None, default, LoggedRow.Read(ref rest));
            return;
        }

        var kind = Kind(rest[0]);
        rest = rest[1..];
        var old = LoggedRow.Read(ref rest);
        rest = rest[1..];
        receiver.Update(relation, kind, old, LoggedRow.Read(ref rest));
    }

    private static void Truncate(ReadOnlySpan<byte> rest, ILogReceiver receiver)
    {
        var relations = new uint[UInt32(ref rest)];
        rest = rest[1..];
        for (var i = 0; i < relations.Length; i++)
        {
            relations[i] = UInt32(ref rest);
        }

        receiver.Truncate(relations);
    }

    private static Relation ReadRelation(ReadOnlySpan<byte> rest)
    {
        var oid = UInt32(ref rest);
        var schema = Text(ref rest);
        var name = Text(ref rest);
        var identity = (char)rest[0];
        var columns = new RelationColumn[BinaryPrimitives.ReadUInt16BigEndian(rest[1..])];
        rest = rest[3..];
        for (var i = 0; i < columns.Length; i++)
        {
            var isKey = (rest[0] & 1) != 0;
            rest = rest[1..];
            columns[i] = new RelationColumn(Text(ref rest), UInt32(ref rest), (int)UInt32(ref rest), isKey);
        }

        // An empty name stands for pg_catalog.
        return new Relation(oid, schema.Length == 0 ? "pg_catalog" : schema, name, identity, columns);
    }

    private static OldRow Kind(byte letter) => letter switch
    {
        (byte)'K' => OldRow.Key,
        (byte)'O' => OldRow.Full,
        _ => throw new SourceProtocolException($"A logged change has an old row of the unknown kind '{(char)letter}'."),
    };

    private static uint UInt32(ref ReadOnlySpan<byte> rest)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        return value;
    }

    private static ulong UInt64(ref ReadOnlySpan<byte> rest)
    {
        var value = BinaryPrimitives.ReadUInt64BigEndian(rest);
        rest = rest[8..];
        return value;
    }

    private static long Int64(ref ReadOnlySpan<byte> rest) => (long)UInt64(ref rest);

    private static string Text(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(rest[..end]);
        rest = rest[(end + 1)..];
        return text;
    }
}
