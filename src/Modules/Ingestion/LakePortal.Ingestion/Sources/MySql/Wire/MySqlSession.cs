using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Wire;

/// <summary>What a connection needs to know.</summary>
/// <param name="UseTls">True: encrypted; null: encrypted if the server can; false: never.</param>
internal sealed record MySqlTarget(string Host, int Port, string Database, string User, string? Password, bool? UseTls, string ApplicationName, TimeSpan ConnectTimeout)
{
    /// <summary>Decides about the server's certificate; null: any will do.</summary>
    public RemoteCertificateValidationCallback? Certificate { get; init; }
}

/// <summary>
/// The part of the protocol (documentation "MySQL Client/Server Protocol") that reading needs: start-up, passwords, statements whose rows come as text, and the
/// binary log. It exists because the log's values and those of statements have to be the same bytes, without detours over types that cannot hold all of them
/// (zero dates, times of more than a day, 65 digits), and because no library gives out the log without loss. All calls block; one thread at a time.
/// </summary>
internal sealed partial class MySqlSession : IDisposable
{
    private const uint LongPassword = 1, LongFlag = 4, ConnectWithDatabase = 8, Protocol41 = 0x200, Ssl = 0x800, Transactions = 0x2000, SecureConnection = 0x8000, PluginAuth = 0x80000,
        ConnectAttributes = 0x100000, PluginAuthLength = 0x200000;

    private const byte Utf8Mb4 = 45;

    private readonly Socket _socket;
    private Stream _stream;
    private PacketReader _reader;
    private bool _isEncrypted;

    private MySqlSession(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new PacketReader(_stream);
    }

    /// <summary>As the server gives it, MariaDB's own first: <c>10.11.6-MariaDB</c>.</summary>
    public string ServerVersion { get; private set; } = "";

    public bool IsMariaDb => ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase);

    /// <summary>For KILL QUERY.</summary>
    public uint ConnectionId { get; private set; }

    /// <exception cref="MySqlServerException">The server refuses.</exception>
    /// <exception cref="MySqlNotSpokenException">It asks for what is not spoken here.</exception>
    public static Task<MySqlSession> OpenAsync(MySqlTarget target, CancellationToken cancellationToken) => BlockingSocket.OpenAsync(s => Open(s, target), target.ConnectTimeout, cancellationToken);

    /// <summary>A server that says nothing for so long is taken for lost.</summary>
    public TimeSpan LongestSilence
    {
        set => _socket.ReceiveTimeout = (int)Math.Min(int.MaxValue, value.TotalMilliseconds);
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Execute(string sql)
    {
        var columns = Begin(sql);
        while (columns > 0 && ReadRow(out _))
        {
        }
    }

    /// <summary>All rows of a statement, each value as text; null is null.</summary>
    public List<string?[]> Query(string sql)
    {
        var rows = new List<string?[]>();
        var columns = Begin(sql);
        while (columns > 0 && ReadRow(out var row))
        {
            var values = new string?[columns];
            for (var i = 0; i < columns; i++)
            {
                values[i] = PacketReader.Bytes(ref row, out var value) ? Encoding.UTF8.GetString(value) : null;
            }

            rows.Add(values);
        }

        return rows;
    }

    /// <summary>Starts a statement; <see cref="ReadRow"/> gives its rows, to the end.</summary>
    /// <returns>Number of columns; 0: it has no rows.</returns>
    public int Begin(string sql)
    {
        Send(3, Encoding.UTF8.GetBytes(sql));
        var first = _reader.Read();
        switch (first[0])
        {
            case 0:
                return 0;
            case 0xFF:
                throw PacketReader.Error(first);
            case 0xFB:
                throw new SourceProtocolException("The server asks for a file.");
        }

        _ = PacketReader.Number(ref first, out var columns);

        // Definitions of the columns, which are known, and a mark behind them.
        for (var i = 0; i <= columns; i++)
        {
            _ = Good(_reader.Read());
        }

        return (int)columns;
    }

    /// <param name="row">Values one after another, each with its length in front; valid until the next call.</param>
    /// <returns>False: there are no more.</returns>
    public bool ReadRow(out ReadOnlySpan<byte> row)
    {
        row = _reader.Read();
        if (row[0] == 0xFF)
        {
            throw PacketReader.Error(row);
        }

        return row[0] != 0xFE || row.Length > 8;
    }

    /// <summary>Sends a command whose answer is read by <see cref="ReadPacket"/>.</summary>
    public void Send(byte command, ReadOnlySpan<byte> body)
    {
        _reader.Sequence = 0;
        SendPacket([command, .. body]);
    }

    /// <summary>The next packet; valid until the next call.</summary>
    /// <exception cref="MySqlServerException">It is an error.</exception>
    public ReadOnlySpan<byte> ReadPacket() => Good(_reader.Read());

    public void Dispose() => _stream.Dispose();

    private static ReadOnlySpan<byte> Good(ReadOnlySpan<byte> packet) => packet.Length > 0 && packet[0] == 0xFF ? throw PacketReader.Error(packet) : packet;

    private static MySqlSession Open(Socket socket, MySqlTarget target)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.Connect(target.Host, target.Port);
        var session = new MySqlSession(socket);
        session.Start(target);
        return session;
    }

    private void Start(MySqlTarget target)
    {
        var greeting = Greeting.Read(Good(_reader.Read()));
        (ServerVersion, ConnectionId) = (greeting.Version, greeting.ConnectionId);
        var flags = LongPassword | LongFlag | Protocol41 | Transactions | SecureConnection | PluginAuth | PluginAuthLength | (target.Database.Length > 0 ? ConnectWithDatabase : 0) | (greeting.Flags & ConnectAttributes);
        if (target.UseTls != false && (greeting.Flags & Ssl) != 0)
        {
            flags |= Ssl;
            SendPacket(Opening(flags));
            var secure = new SslStream(_stream, leaveInnerStreamOpen: false);
            secure.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = target.Host, RemoteCertificateValidationCallback = target.Certificate ?? AnyServer });
            var sequence = _reader.Sequence;
            (_stream, _reader, _isEncrypted) = (secure, new PacketReader(secure) { Sequence = sequence }, true);
        }
        else if (target.UseTls == true)
        {
            throw new MySqlNotSpokenException("The server does not offer TLS.", "Set up TLS on the server (ssl_cert, ssl_key), or use sslmode: prefer.");
        }

        var plugin = greeting.Plugin is MySqlPasswords.CachingSha2 ? greeting.Plugin : MySqlPasswords.Native;
        var answer = MySqlPasswords.Answer(plugin, target.Password, greeting.Challenge, _isEncrypted)!;
        SendPacket([
            .. Opening(flags), .. Text(target.User), (byte)answer.Length, .. answer, .. target.Database.Length > 0 ? Text(target.Database) : [], .. Text(plugin),
            .. (flags & ConnectAttributes) != 0 ? Attributes(target) : []]);
        Authenticate(target, plugin, greeting.Challenge);
    }

    private void Authenticate(MySqlTarget target, string plugin, byte[] challenge)
    {
        while (true)
        {
            var packet = Good(_reader.Read());
            switch (packet[0])
            {
                case 0:
                    return;
                case 0xFE:
                    var rest = packet[1..];
                    plugin = TakeText(ref rest);
                    challenge = rest.Length > 0 && rest[^1] == 0 ? rest[..^1].ToArray() : rest.ToArray();
                    SendPacket(MySqlPasswords.Answer(plugin, target.Password, challenge, _isEncrypted) ?? throw new MySqlNotSpokenException(
                        $"'{target.User}' has to authenticate by {plugin}{(plugin == MySqlPasswords.Clear ? " over a connection that is not encrypted" : "")}.",
                        $"Give the source a user with a password: ALTER USER '{target.User}'@'…' IDENTIFIED VIA mysql_native_password USING PASSWORD('…') on MariaDB, IDENTIFIED WITH caching_sha2_password BY '…' on MySQL."));
                    break;
                case 1 when packet.Length > 1 && packet[1] == 3:
                    break;
                case 1 when packet.Length > 1 && packet[1] == 4 && _isEncrypted:
                    SendPacket(Text(target.Password ?? ""));
                    break;
                case 1 when packet.Length > 1 && packet[1] == 4:
                    SendPacket([2]);
                    var key = Encoding.ASCII.GetString(Good(_reader.Read())[1..]);
                    SendPacket(MySqlPasswords.Encrypted(target.Password, challenge, key));
                    break;
                default:
                    throw new SourceProtocolException($"The server answers to {plugin} with a packet that begins with {packet[0]}.");
            }
        }
    }

    private static byte[] Opening(uint flags)
    {
        var opening = new byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(opening, flags);
        BinaryPrimitives.WriteUInt32LittleEndian(opening.AsSpan(4), 1 << 30);
        opening[8] = Utf8Mb4;
        return opening;
    }

    /// <summary>Shown in performance_schema, so that an operator knows who it is.</summary>
    private static byte[] Attributes(MySqlTarget target)
    {
        byte[] pairs = [.. Counted("_client_name"), .. Counted("lakeportal"), .. Counted("program_name"), .. Counted(target.ApplicationName)];
        return pairs.Length < 251 ? [(byte)pairs.Length, .. pairs] : [0];
    }

    private static byte[] Counted(string text) => Encoding.UTF8.GetBytes(text) is { Length: < 251 } bytes ? [(byte)bytes.Length, .. bytes] : [0];

    /// <summary>As sslmode prefer and require do: encrypted, but not verified.</summary>
    private static bool AnyServer(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate is not null;

    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static string TakeText(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
        rest = end < 0 ? default : rest[(end + 1)..];
        return text;
    }

    private void SendPacket(ReadOnlySpan<byte> payload)
    {
        do
        {
            var part = payload[..Math.Min(payload.Length, 0xFFFFFF)];
            var packet = new byte[4 + part.Length];
            BinaryPrimitives.WriteInt32LittleEndian(packet, part.Length);
            packet[3] = _reader.Sequence++;
            part.CopyTo(packet.AsSpan(4));
            _stream.Write(packet);
            payload = payload[part.Length..];
            if (part.Length < 0xFFFFFF)
            {
                break;
            }
        }
        while (true);

        _stream.Flush();
    }

    private sealed record Greeting(string Version, uint ConnectionId, uint Flags, byte[] Challenge, string Plugin)
    {
        public static Greeting Read(ReadOnlySpan<byte> packet)
        {
            if (packet[0] != 10)
            {
                throw new SourceProtocolException($"What listens there does not speak MySQL's protocol, version 10: its first byte is {packet[0]}.");
            }

            var rest = packet[1..];
            var version = TakeText(ref rest);
            // For old clients MariaDB claims to be MySQL 5.5.5 in front of its own version.
            version = version.StartsWith("5.5.5-", StringComparison.Ordinal) && version.Contains("MariaDB", StringComparison.Ordinal) ? version[6..] : version;
            var id = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            var challenge = rest.Slice(4, 8).ToArray();
            rest = rest[13..];
            uint flags = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (rest.Length < 18)
            {
                throw new SourceProtocolException("The server is older than MySQL 5.6.");
            }

            flags |= (uint)BinaryPrimitives.ReadUInt16LittleEndian(rest[5..]) << 16;
            var length = Math.Max(13, rest[7] - 8);
            rest = rest[18..];
            challenge = [.. challenge, .. rest[..Math.Min(12, rest.Length)]];
            rest = rest[Math.Min(length, rest.Length)..];
            return new Greeting(version, id, flags, challenge, TakeText(ref rest));
        }
    }
}
