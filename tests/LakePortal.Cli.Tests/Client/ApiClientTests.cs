using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Tests.Client;

public sealed class ApiClientTests
{
    private const string ProblemOfTheStandard =
        """
        {"type":"about:blank","title":"Invalid input","status":400,"detail":"The document has 2 faults.","code":"invalid-input",
         "hint":"Correct them and apply again.","errors":{"shop.yaml:3:1":[{"message":"Unknown key 'tabels'.","hint":"Did you mean 'tables'?"}],"name":["is required"]}}
        """;

    [Fact]
    public async Task A_problem_keeps_message_hint_code_and_faults()
    {
        await using var server = new OneAnswerServer(400, ProblemOfTheStandard);
        using var api = new ApiClient(server.Url, () => "t");
        var error = await Assert.ThrowsAsync<ServerException>(() => api.GetAsync("/x", CancellationToken.None));
        Assert.Equal(1, error.ExitCode);
        using var printed = new StringWriter();
        Cli.Output.Report.Error(error, printed);
        Assert.Equal(
            """
            error: The document has 2 faults.
              shop.yaml:3:1: Unknown key 'tabels'. (Did you mean 'tables'?)
              name: is required
            hint: Correct them and apply again.
            code: invalid-input

            """, printed.ToString());
    }

    [Fact]
    public async Task Denied_is_an_answer_of_its_own()
    {
        await using var server = new OneAnswerServer(403, """{"detail":"You lack the permission 'users.write'.","code":"permission-denied"}""");
        using var api = new ApiClient(server.Url, () => "t");
        var error = await Assert.ThrowsAsync<ServerException>(() => api.GetAsync("/x", CancellationToken.None));
        Assert.Equal(ExitCode.No, error.ExitCode);
    }

    [Fact]
    public async Task An_answer_that_is_no_problem_document_still_gives_a_message()
    {
        await using var server = new OneAnswerServer(502, "<html>bad gateway</html>");
        using var api = new ApiClient(server.Url, () => "t");
        var error = await Assert.ThrowsAsync<ServerException>(() => api.GetAsync("/x", CancellationToken.None));
        Assert.Contains("502", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public async Task The_token_travels_as_bearer()
    {
        await using var server = new OneAnswerServer(200, "{}");
        using var api = new ApiClient(server.Url, () => "lake_1_secret");
        await api.GetAsync("/x", CancellationToken.None);
        Assert.Equal("Bearer lake_1_secret", server.Authorization);
    }

    [Fact]
    public async Task A_missing_token_is_only_the_news_when_there_is_a_server()
    {
        await using var server = new OneAnswerServer(200, "{}");
        var address = new ServerAddress(server.Url, null, "/nowhere");
        using var api = new ApiClient(address);
        await Assert.ThrowsAsync<NoTokenException>(() => api.GetAsync("/x", CancellationToken.None));
        using var nobody = new ApiClient(address with { Url = new Uri($"http://127.0.0.1:{FreePort.Find()}") });
        await Assert.ThrowsAsync<UnreachableException>(() => nobody.GetAsync("/x", CancellationToken.None));
    }
}
