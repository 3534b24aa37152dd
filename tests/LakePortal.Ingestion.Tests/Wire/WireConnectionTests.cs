using System.Globalization;
using System.Text;
using LakePortal.Ingestion.Sources.Postgres.Wire;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Wire;

/// <summary>The own client against a real server; what it reads is compared with what the general driver reads.</summary>
[Collection(PostgresTests.Name)]
public sealed class WireConnectionTests(PostgresServer server)
{
    [Theory]
    [InlineData("SELECT i, repeat('ab', i % 90) FROM generate_series(1, 100000) i")]
    [InlineData("SELECT repeat('0123456789', 200000) FROM generate_series(1, 7)")]
    [InlineData("SELECT 1 WHERE false")]
    [InlineData("SELECT")]
    public async Task A_copy_gives_the_same_bytes_as_the_driver(string select)
    {
        var sql = $"COPY ({select}) TO STDOUT (FORMAT binary)";
        using var connection = await WireConnection.OpenAsync(Target(), CancellationToken.None);

        // Twice: after a copy the connection is ready for the next.
        foreach (var size in (int[])[70_000, 1 << 20])
        {
            Assert.Equal(await DriverAsync(sql), Read(connection, sql, size));
        }
    }

    [Fact]
    public async Task A_copy_that_fails_in_the_middle_says_what_the_server_says()
    {
        using var connection = await WireConnection.OpenAsync(Target(), CancellationToken.None);

        var error = Assert.Throws<PostgresException>(() => Read(connection, "COPY (SELECT 1 / (500000 - i) FROM generate_series(1, 1000000) i) TO STDOUT (FORMAT binary)", 1 << 16));

        Assert.Equal(PostgresErrorCodes.DivisionByZero, error.SqlState);
    }

    [Fact]
    public async Task A_statement_that_fails_leaves_the_connection_usable()
    {
        using var connection = await WireConnection.OpenAsync(Target(), CancellationToken.None);

        var error = Assert.Throws<PostgresException>(() => connection.Execute("SET lock_timeout = 1; SELECT nonsense"));
        connection.Execute("SET lock_timeout = 2");

        Assert.Equal(PostgresErrorCodes.UndefinedColumn, error.SqlState);
    }

    [Fact]
    public async Task The_process_id_is_the_one_to_cancel()
    {
        using var connection = await WireConnection.OpenAsync(Target(), CancellationToken.None);
        var reading = Task.Run(() => Read(connection, "COPY (SELECT pg_sleep(60)) TO STDOUT (FORMAT binary)", 1 << 16));
        while (!reading.IsCompleted)
        {
            await server.ExecuteAsync("postgres", $"SELECT pg_cancel_backend({connection.ProcessId.ToString(CultureInfo.InvariantCulture)})");
            await Task.Delay(20);
        }

        Assert.Equal(PostgresErrorCodes.QueryCanceled, (await Assert.ThrowsAsync<PostgresException>(() => reading)).SqlState);
    }

    [Theory]
    [InlineData("scram-sha-256")]
    [InlineData("md5")]
    public async Task Passwords_are_answered_the_way_the_server_asks(string method)
    {
        var role = $"r_{Guid.NewGuid():N}";
        await server.ExecuteAsync("postgres", $"SET password_encryption = '{method}'; CREATE ROLE {role} LOGIN PASSWORD 'gehe,im=1'");
        await using var asking = await AskingServer.StartAsync(server, role, method);

        using (var connection = await WireConnection.OpenAsync(Target(role, "gehe,im=1"), CancellationToken.None))
        {
            Assert.NotEmpty(Read(connection, "COPY (SELECT 1) TO STDOUT (FORMAT binary)", 1 << 16));
        }

        var wrong = await Assert.ThrowsAsync<PostgresException>(() => WireConnection.OpenAsync(Target(role, "wrong"), CancellationToken.None));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, wrong.SqlState);
        await Assert.ThrowsAsync<WireNotSpokenException>(() => WireConnection.OpenAsync(Target(role), CancellationToken.None));
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_when_tls_is_required()
    {
        await Assert.ThrowsAsync<WireNotSpokenException>(() => WireConnection.OpenAsync(Target() with { UseTls = true }, CancellationToken.None));
        using var connection = await WireConnection.OpenAsync(Target() with { UseTls = null }, CancellationToken.None);
        connection.Execute("SELECT");
    }

    private WireTarget Target(string? user = null, string? password = null) =>
        new("127.0.0.1", server.Port, "postgres", user ?? server.User, password, UseTls: false, "tests", TimeSpan.FromSeconds(15));

    private async Task<byte[]> DriverAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        await using var stream = await connection.BeginRawBinaryCopyAsync(sql);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }

    private static byte[] Read(WireConnection connection, string sql, int size)
    {
        connection.BeginCopy(sql);
        using var all = new MemoryStream();
        var buffer = new byte[size];
        for (var got = connection.ReadCopy(buffer); got > 0; got = connection.ReadCopy(buffer))
        {
            all.Write(buffer, 0, got);
        }

        return all.ToArray();
    }
}
