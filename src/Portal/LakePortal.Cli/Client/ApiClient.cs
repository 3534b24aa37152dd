using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Cli.Client;

/// <summary>The HTTP API of a server. Every failure is a <see cref="CliException"/> with a hint.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Func<string> _token;

    public ApiClient(Uri url, Func<string> token)
    {
        _token = token;
        _http = new HttpClient(new SocketsHttpHandler
        {
            // A proxy of the environment cannot reach the loopback address of this machine.
            UseProxy = !url.IsLoopback,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        })
        {
            BaseAddress = url,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("lake", "1"));
    }

    public ApiClient(ServerAddress address)
        : this(address.Url, address.ReadToken)
    {
    }

    public Uri Url => _http.BaseAddress!;

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendJsonAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<JsonElement> PostAsync(string path, JsonNode? body, CancellationToken cancellationToken) =>
        SendJsonAsync(HttpMethod.Post, path, body ?? new JsonObject(), cancellationToken);

    public Task<JsonElement> PutAsync(string path, JsonNode body, CancellationToken cancellationToken) =>
        SendJsonAsync(HttpMethod.Put, path, body, cancellationToken);

    public Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        SendJsonAsync(HttpMethod.Delete, path, null, cancellationToken);

    public async Task<string> GetTextAsync(string path, string mediaType, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, mediaType, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    /// <summary>The status alone: also 503 of a readiness probe is an answer.</summary>
    public async Task<(int Status, string Body)> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpRequestException e)
        {
            throw new UnreachableException(Url, e);
        }
    }

    /// <summary>Copies the answer as it arrives.</summary>
    public async Task StreamAsync(string path, JsonNode body, Stream output, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, path, body, "*/*", cancellationToken);
        try
        {
            await response.Content.CopyToAsync(output, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new StepFailedException(
                $"The server broke off its answer: {e.GetBaseException().Message}", "What was printed is incomplete. Its log says why.", e);
        }
    }

    private async Task<JsonElement> SendJsonAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, body, "application/json", cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        if (response.StatusCode == System.Net.HttpStatusCode.NoContent || response.Content.Headers.ContentLength == 0)
        {
            return default;
        }

        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
        return document.RootElement.Clone();
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, JsonNode? body, string accept, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(cancellationToken));
        request.Headers.Accept.ParseAdd(accept);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new UnreachableException(Url, e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new ServerException((int)response.StatusCode, Problem.Parse((int)response.StatusCode, text));
        }
    }

    private async Task<string> TokenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _token();
        }
        catch (NoTokenException)
        {
            // A server that was never started has no token either: then this is the thing to say.
            await ProbeAsync("/healthz", cancellationToken);
            throw;
        }
    }

    public void Dispose() => _http.Dispose();
}
