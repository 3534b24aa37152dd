using System.Text;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Sources.Postgres.Wire;
using LakePortal.Kernel.Runs;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Wire;

/// <summary>Encrypted connections, by the own client and through whole loads.</summary>
public sealed class TlsTests(TlsServer tls) : IClassFixture<TlsServer>
{
    private const string Encrypted = "DO $$ BEGIN IF NOT (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) THEN RAISE 'not encrypted'; END IF; END $$";

    [Theory]
    [InlineData(true)]
    [InlineData(null)]
    public async Task The_own_client_encrypts_and_reads_the_same_bytes(bool? useTls)
    {
        using var connection = await WireConnection.OpenAsync(Target(useTls), CancellationToken.None);

        connection.Execute(Encrypted);
        connection.BeginCopy("COPY (SELECT repeat('0123456789', 10) FROM generate_series(1, 200000)) TO STDOUT");
        var buffer = new byte[100_000];
        var (total, expected, wrong) = (0L, Encoding.ASCII.GetBytes($"{string.Concat(Enumerable.Repeat("0123456789", 10))}\n"), 0);
        for (var got = connection.ReadCopy(buffer); got > 0; got = connection.ReadCopy(buffer))
        {
            for (var i = 0; i < got; i++, total++)
            {
                wrong += buffer[i] == expected[(int)(total % expected.Length)] ? 0 : 1;
            }
        }

        Assert.Equal((200_000L * 101, 0), (total, wrong));
    }

    [Fact]
    public async Task Without_encryption_the_server_refuses()
    {
        var error = await Assert.ThrowsAsync<PostgresException>(() => WireConnection.OpenAsync(Target(false), CancellationToken.None));

        Assert.Equal(PostgresErrorCodes.InvalidAuthorizationSpecification, error.SqlState);
    }

    [Theory]
    [InlineData("sslmode: require", "127.0.0.1")]
    [InlineData("sslmode: prefer", "127.0.0.1")]
    [InlineData("sslmode: verify-ca\nsslrootcert: ROOT", "127.0.0.1")]
    [InlineData("sslmode: verify-full\nsslrootcert: ROOT", "localhost")]
    [InlineData("sslmode: require\nsslrootcert: ROOT", "127.0.0.1")]
    public async Task A_load_works_in_mode(string options, string host)
    {
        await using var lake = await StartAsync(options, host);

        await lake.SucceedAsync("src_t");

        Assert.Equal("5000|12502500", (await lake.QueryAsync("SELECT count(*), sum(id)::BIGINT FROM refined.src_t")).Single());
    }

    [Theory]
    [InlineData("sslmode: verify-ca\nsslrootcert: OTHER", "127.0.0.1", "was not signed by what")]
    [InlineData("sslmode: verify-full\nsslrootcert: OTHER", "localhost", "was not signed by what")]
    [InlineData("sslmode: verify-full\nsslrootcert: ROOT", "127.0.0.1", "not made out to '127.0.0.1'")]
    [InlineData("sslmode: verify-ca", "127.0.0.1", "does not trust who signed it")]
    [InlineData("sslmode: require\nsslrootcert: OTHER", "127.0.0.1", "was not signed by what")]
    [InlineData("sslmode: verify-ca\nsslrootcert: /nowhere/root.pem", "127.0.0.1", "/nowhere/root.pem")]
    public async Task A_server_that_cannot_prove_who_it_is_is_refused_with_the_reason(string options, string host, string reason)
    {
        await using var lake = await StartAsync(options, host);

        var run = await lake.RunAsync("src_t");

        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal("ingestion.source-refused", run.Error!.Code);
        Assert.Contains(reason, run.Error.Message, StringComparison.Ordinal);
        Assert.Contains("sslrootcert", run.Error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mode_disable_says_that_the_server_has_no_rule_for_it()
    {
        await using var lake = await StartAsync("sslmode: disable", "127.0.0.1");

        var test = await lake.Lake.SendAsync(new TestConnection(new() { ["name"] = "src" }));

        Assert.Contains("no rule that lets", test.Steps.Single(s => s.State == "failed").Message, StringComparison.Ordinal);
    }

    private async Task<IngestionLake> StartAsync(string options, string host)
    {
        var database = $"t{Guid.NewGuid():N}";
        await ExecuteAsync("postgres", $"CREATE DATABASE {database}");
        await ExecuteAsync(database, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000)");
        var lake = await IngestionLake.StartAsync(tls.Server, database);
        var yaml = lake.SourceYaml(options.Replace("ROOT", tls.Root, StringComparison.Ordinal).Replace("OTHER", tls.OtherRoot, StringComparison.Ordinal));
        await lake.ApplyAsync(yaml.Replace("host: 127.0.0.1", $"host: {host}", StringComparison.Ordinal), "kind: sync\nsource: src\ntables: [public.t]");
        return lake;
    }

    private async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(tls.Server.ConnectionString(database)) { SslMode = SslMode.Require, Pooling = false }.ToString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private WireTarget Target(bool? useTls) => new("127.0.0.1", tls.Server.Port, "postgres", tls.Server.User, null, useTls, "tests", TimeSpan.FromSeconds(15));
}
