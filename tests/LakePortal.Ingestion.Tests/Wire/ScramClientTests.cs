using LakePortal.Ingestion.Sources.Postgres.Wire;

namespace LakePortal.Ingestion.Tests.Wire;

public sealed class ScramClientTests
{
    private const string Nonce = "rOprNGfwEbeRWgbNEkqO";
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// <summary>RFC 7677, section 3, has user=user; PostgreSQL's clients leave the name empty, so the messages are signed without it.</summary>
    [Fact]
    public void The_first_message_leaves_the_user_to_the_start_up_message() => Assert.Equal($"n,,n=,r={Nonce}", new ScramClient("pencil", Nonce).First());

    [Theory]
    [InlineData("r=somebody-elses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0")]
    [InlineData("nonsense")]
    public void A_server_that_does_not_follow_the_exchange_is_refused(string first) => Assert.Throws<SourceProtocolException>(() => new ScramClient("pencil", Nonce).Final(first));

    [Fact]
    public void A_server_that_does_not_know_the_password_is_refused()
    {
        var client = new ScramClient("pencil", Nonce);
        _ = client.Final(ServerFirst);

        Assert.Throws<SourceProtocolException>(() => client.Verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        Assert.False(client.IsVerified);
    }

    /// <summary>Computed by Python's hashlib.</summary>
    [Fact]
    public void An_md5_answer_hashes_password_user_and_salt() => Assert.Equal("md5eb23b71cb69e934554a31dfd6742257a", Md5Answer.Of("lake", "secret", [1, 2, 3, 4]));
}
