using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres.Wire;

/// <summary>What a connection needs to know.</summary>
/// <param name="Password">Null: none is set.</param>
/// <param name="UseTls">True: encrypted, whoever the server is; null: encrypted if the server can; false: never.</param>
internal sealed record WireTarget(string Host, int Port, string Database, string User, string? Password, bool? UseTls, string ApplicationName, TimeSpan ConnectTimeout)
{
    /// <summary>The connection is for reading the log: it speaks replication besides SQL.</summary>
    public bool IsReplication { get; init; }
}

/// <summary>
/// The part of PostgreSQL's protocol (version 3.0, documentation chapter "Frontend/Backend Protocol") that bulk reading needs: start-up, passwords,
/// statements without rows, COPY TO STDOUT. It exists because the server sends one message per row: taking them out of a large buffer costs a quarter
/// of what the general driver spends on them. All calls block; one thread at a time.
/// </summary>
internal sealed partial class WireConnection : IDisposable
{
    public const int KeepAliveSeconds = 30;

    private const int Version = 196_608;
    private const int TlsRequest = 80_877_103;

    private readonly Stream _stream;
    private readonly WireReader _reader;
    private bool _isCopying;

    private WireConnection(Stream stream)
    {
        _stream = stream;
        _reader = new WireReader(stream);
    }

    /// <summary>The server process, for pg_cancel_backend.</summary>
    public int ProcessId { get; private set; }

    /// <exception cref="WireNotSpokenException">The server asks for what is not spoken here.</exception>
    /// <exception cref="PostgresException">The server refuses.</exception>
    public static Task<WireConnection> OpenAsync(WireTarget target, CancellationToken cancellationToken) => BlockingSocket.OpenAsync(s => Open(s, target), target.ConnectTimeout, cancellationToken);

    /// <summary>Runs statements that return no rows.</summary>
    public void Execute(string sql)
    {
        Send((byte)'Q', Text(sql));
        PostgresException? error = null;
        while (true)
        {
            var (type, body) = _reader.ReadMessage();
            switch (type)
            {
                case WireReader.ErrorResponse:
                    error ??= WireReader.Error(body);
                    break;
                case WireReader.ReadyForQuery when error is null:
                    return;
                case WireReader.ReadyForQuery:
                    throw error;
                case WireReader.CopyOutResponse:
                    throw new SourceProtocolException("A statement that returns no rows started to copy.");
                default:
                    break;
            }
        }
    }

    /// <summary>Starts a COPY … TO STDOUT; <see cref="ReadCopy"/> gives its bytes.</summary>
    public void BeginCopy(string sql)
    {
        Send((byte)'Q', Text(sql));
        while (true)
        {
            var (type, body) = _reader.ReadMessage();
            switch (type)
            {
                case WireReader.CopyOutResponse:
                    _isCopying = true;
                    return;
                case WireReader.ErrorResponse:
                    throw WireReader.Error(body);
                case WireReader.ReadyForQuery:
                    throw new SourceProtocolException("The server did not start to copy.");
                default:
                    break;
            }
        }
    }

    /// <returns>0, also when asked again: all has been read, and the connection is ready for the next statement.</returns>
    public int ReadCopy(Span<byte> target)
    {
        while (_isCopying)
        {
            var got = _reader.ReadCopyData(target);
            if (got > 0)
            {
                return got;
            }

            var (type, body) = _reader.ReadMessage();
            if (type == WireReader.ErrorResponse)
            {
                throw WireReader.Error(body);
            }

            _isCopying = type != WireReader.ReadyForQuery;
        }

        return 0;
    }

    public void Dispose() => _stream.Dispose();

    private static WireConnection Open(Socket socket, WireTarget target)
    {
        // A peer that went without a word is noticed in a minute: by itself the system would wait for two hours.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds / 3);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        socket.Connect(target.Host, target.Port);
        var connection = new WireConnection(Secure(new NetworkStream(socket, ownsSocket: true), target));
        connection.Start(target);
        return connection;
    }

    private static Stream Secure(NetworkStream plain, WireTarget target)
    {
        if (target.UseTls == false)
        {
            return plain;
        }

        var request = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), TlsRequest);
        plain.Write(request);

        // Not one byte more is read: what came with the answer would have come unencrypted.
        switch (plain.ReadByte())
        {
            case 'S':
                var secure = new SslStream(plain, leaveInnerStreamOpen: false);
                secure.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = target.Host, RemoteCertificateValidationCallback = AnyServer });
                return secure;
            case 'N' when target.UseTls is null:
                return plain;
            case -1:
                throw new NpgsqlException("The server closed the connection.", new EndOfStreamException());
            default:
                throw new WireNotSpokenException("a connection without TLS");
        }
    }

    /// <summary>As libpq's sslmode prefer and require do: encrypted, but not verified. The modes that verify are the driver's.</summary>
    private static bool AnyServer(object sender, System.Security.Cryptography.X509Certificates.X509Certificate? certificate,
        System.Security.Cryptography.X509Certificates.X509Chain? chain, SslPolicyErrors errors) => certificate is not null;

    private void Start(WireTarget target)
    {
        string[] names = ["user", target.User, "database", target.Database, "application_name", target.ApplicationName, "client_encoding", "UTF8", .. target.IsReplication ? new[] { "replication", "database" } : [], ""];
        var settings = Text(names);
        var start = new byte[8 + settings.Length];
        BinaryPrimitives.WriteInt32BigEndian(start, start.Length);
        BinaryPrimitives.WriteInt32BigEndian(start.AsSpan(4), Version);
        settings.CopyTo(start, 8);
        _stream.Write(start);
        _stream.Flush();
        ScramClient? scram = null;
        while (true)
        {
            var (type, body) = _reader.ReadMessage();
            switch (type)
            {
                case WireReader.AuthenticationRequest:
                    Answer(body, target, ref scram);
                    break;
                case WireReader.BackendKeyData when body.Length >= 4:
                    ProcessId = BinaryPrimitives.ReadInt32BigEndian(body);
                    break;
                case WireReader.ErrorResponse:
                    throw WireReader.Error(body);
                case WireReader.ReadyForQuery:
                    return;
                default:
                    break;
            }
        }
    }

    private void Answer(byte[] body, WireTarget target, ref ScramClient? scram)
    {
        if (body.Length < 4)
        {
            throw new SourceProtocolException("The server's request to authenticate is not complete.");
        }

        var rest = body.AsSpan(4);
        switch (BinaryPrimitives.ReadInt32BigEndian(body))
        {
            case 0 when scram is { IsVerified: false }:
                throw new SourceProtocolException("The server lets us in without having proved that it knows the password.");
            case 0:
                break;
            case 3:
                Send((byte)'p', Text(Password(target)));
                break;
            case 5:
                Send((byte)'p', Text(Md5Answer.Of(target.User, Password(target), rest)));
                break;
            case 10 when Encoding.ASCII.GetString(rest).Split('\0').Contains(ScramClient.Mechanism):
                scram = new ScramClient(Password(target), ScramClient.NewNonce());
                var first = Encoding.UTF8.GetBytes(scram.First());
                var length = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(length, first.Length);
                Send((byte)'p', [.. Text(ScramClient.Mechanism), .. length, .. first]);
                break;
            case 11 when scram is not null:
                Send((byte)'p', Encoding.UTF8.GetBytes(scram.Final(Encoding.UTF8.GetString(rest))));
                break;
            case 12 when scram is not null:
                scram.Verify(Encoding.UTF8.GetString(rest));
                break;
            default:
                throw new WireNotSpokenException("a way to authenticate other than by password");
        }
    }

    private static string Password(WireTarget target) => target.Password switch
    {
        null => throw new WireNotSpokenException("a password, and none is set"),
        { } ascii when Ascii.IsValid(ascii) => ascii,
        _ => throw new WireNotSpokenException("a password that has to be prepared (RFC 4013)"),
    };

    /// <summary>Zero-terminated texts.</summary>
    private static byte[] Text(params string[] texts) => Encoding.UTF8.GetBytes(string.Concat(texts.Select(t => t + '\0')));

    private void Send(byte type, byte[] body)
    {
        var message = new byte[5 + body.Length];
        message[0] = type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, 5);
        _stream.Write(message);
        _stream.Flush();
    }
}
