using System.Buffers.Binary;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres.Wire;

/// <summary>Reading the log (documentation, "Streaming Replication Protocol"): after START_REPLICATION both sides send CopyData until one ends it.</summary>
internal sealed partial class WireConnection
{
    private readonly Lock _sending = new();

    /// <summary>Begins to stream; <see cref="ReadLog"/> gives the messages.</summary>
    public void StartReplication(string command)
    {
        Send((byte)'Q', Text(command));
        while (true)
        {
            var (type, body) = _reader.ReadMessage();
            switch (type)
            {
                case WireReader.CopyBothResponse:
                    return;
                case WireReader.ErrorResponse:
                    throw WireReader.Error(body);
                case WireReader.ReadyForQuery:
                    throw new SourceProtocolException("The server did not start to stream its log.");
                default:
                    break;
            }
        }
    }

    /// <summary>Waits for the next message of the stream. Valid until the next call.</summary>
    public ReadOnlySpan<byte> ReadLog()
    {
        while (true)
        {
            var data = _reader.NextCopyData();
            if (data.Length > 0)
            {
                return data;
            }

            var (type, body) = _reader.ReadMessage();
            switch (type)
            {
                case WireReader.ErrorResponse:
                    throw WireReader.Error(body);
                case (byte)'c' or WireReader.ReadyForQuery:
                    throw new NpgsqlException("The server ended the stream of its log.", new EndOfStreamException());
                default:
                    break;
            }
        }
    }

    /// <summary>Sends a message into the stream; may be called while another thread reads.</summary>
    public void WriteLog(ReadOnlySpan<byte> data)
    {
        var message = new byte[5 + data.Length];
        message[0] = WireReader.CopyData;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + data.Length);
        data.CopyTo(message.AsSpan(5));
        lock (_sending)
        {
            _stream.Write(message);
            _stream.Flush();
        }
    }
}
